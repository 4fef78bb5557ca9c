import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { AwsClient } from 'aws4fetch';
import type { Blobs } from './blobs.ts';
import { writeBytes } from './folder-blobs.ts';

/** A bucket of an S3-compatible store, and who may write there. */
export type S3Place = {
  /** The base URL of the API, without a slash at the end. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** What all names begin with: empty, or with a slash at its end. */
  readonly prefix: string;
  readonly access_key_id: string;
  readonly secret_access_key: string;
};

/** For sending a whole file. */
const putTimeoutMs = 15 * 60_000;
/** For everything else up to the head of the answer. */
const answerTimeoutMs = 30_000;
/** The waits before it is tried again, in milliseconds. */
const pausesMs = [100, 400];

/**
 * Keeps bytes as objects of a bucket, whose name stands in the path of each URL: that is understood everywhere. Bytes
 * on their way there are put into a temporary file first: a PUT tells their number and their hash before them, and may
 * have to be made again.
 */
export function createS3Blobs(place: S3Place): Blobs {
  const { endpoint, region, bucket, prefix, access_key_id, secret_access_key } = place;
  const client = new AwsClient({
    ...{ service: 's3', region, accessKeyId: access_key_id, secretAccessKey: secret_access_key },
  });

  /** Makes a request, once more when the store says that it is busy. */
  async function ask(name: string, init: () => RequestInit): Promise<Response> {
    for (const pause of [...pausesMs, null]) {
      const signed = await client.sign(`${endpoint}/${bucket}/${prefix}${name}`, init());
      // A redirect would lead to where this was not signed for.
      const answer = await fetch(signed, { redirect: 'manual' });
      if (pause === null || (answer.status < 500 && answer.status !== 429)) return answer;
      await answer.body?.cancel();
      await wait(pause);
    }
    throw new TypeError('The last try has an answer');
  }

  async function send(name: string, spool: string, head: { readonly size: number; readonly hash: string }) {
    const signal = AbortSignal.timeout(putTimeoutMs);
    const answer = await ask(name, () => ({
      ...{ method: 'PUT', body: ReadableStream.from(createReadStream(spool)), duplex: 'half', signal },
      headers: { 'content-length': String(head.size), 'x-amz-content-sha256': head.hash },
    }));
    if (!answer.ok) throw await refusal('PUT', answer);
    await answer.body?.cancel();
  }

  return {
    async put(name, bytes) {
      const spool = join(tmpdir(), `pawl-spool-${randomUUID()}`);
      try {
        const hash = createHash('sha256');
        const size = await writeBytes(spool, hashed(bytes, hash));
        await send(name, spool, { size, hash: hash.digest('hex') });
        return size;
      } finally {
        await rm(spool, { force: true });
      }
    },

    async get(name) {
      const slow = new AbortController();
      const timer = setTimeout(() => slow.abort(new Error('S3 did not answer in time')), answerTimeoutMs);
      try {
        const answer = await ask(name, () => ({ signal: slow.signal }));
        if (!answer.ok) {
          const refused = await refusal('GET', answer);
          if (refused.code === 'NoSuchKey') return null;
          throw refused;
        }
        // Nothing but the types of the two kinds of streams differs.
        return answer.body === null ? Readable.from([]) : Readable.fromWeb(answer.body as never);
      } finally {
        // From here on it is as slow as whoever reads it.
        clearTimeout(timer);
      }
    },

    async remove(name) {
      const signal = AbortSignal.timeout(answerTimeoutMs);
      const answer = await ask(name, () => ({ method: 'DELETE', signal }));
      if (answer.ok) return answer.body?.cancel();
      const refused = await refusal('DELETE', answer);
      if (refused.code !== 'NoSuchKey') throw refused;
    },

    close: async () => {},
  };
}

async function* hashed(
  bytes: AsyncIterable<Uint8Array>,
  hash: { update(chunk: Uint8Array): unknown },
): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    hash.update(chunk);
    yield chunk;
  }
}

/** What a store refuses with. The rest of its answer may repeat what was signed, and goes into no log. */
async function refusal(method: string, answer: Response): Promise<Error & { readonly code: string | null }> {
  const code = /<Code>(\w{1,100})<\/Code>/.exec(await answer.text())?.[1] ?? null;
  const said = code === null ? '' : ` (${code})`;
  return Object.assign(new Error(`S3 answered a ${method} with status ${answer.status}${said}`), { code });
}
