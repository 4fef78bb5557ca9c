import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Blobs } from '../../src/file/blobs.ts';
import { type BlobPlace, openBlobs } from '../../src/file/open-blobs.ts';
import { type S3Server, s3Keys, startS3Server } from '../s3-server.ts';

let folder: string;
let s3: S3Server;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pawl-blobs-'));
  // What the system is asked to keep for a while is to be found there as well.
  vi.stubEnv('TMPDIR', folder);
  s3 = await startS3Server('bucket');
});
afterEach(async () => {
  await s3.close();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const places: Readonly<Record<string, () => BlobPlace>> = {
  'a folder': () => ({ kind: 'folder', folder: join(folder, 'deep', 'files') }),
  'a temporary folder': () => ({ kind: 'temporary' }),
  S3: () => s3Place(),
};

function s3Place(): Extract<BlobPlace, { kind: 's3' }> {
  const where = { endpoint: s3.url, region: 'eu-test-1', bucket: 'bucket', prefix: 'pawl/files/' };
  return { kind: 's3', ...where, ...s3Keys };
}

const feed = (...chunks: string[]): Readable => Readable.from(chunks.map((chunk) => Buffer.from(chunk)));

async function text(blobs: Blobs, name: string): Promise<string | null> {
  const bytes = await blobs.get(name);
  return bytes === null ? null : (await buffer(bytes)).toString();
}

async function* breaking(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('half');
  throw new Error('hung up');
}

describe.each(Object.keys(places))('Bytes in %s', (kind) => {
  let blobs: Blobs;
  beforeEach(async () => {
    blobs = await openBlobs(places[kind]?.() as BlobPlace);
  });
  afterEach(() => blobs.close());

  test('come back as they went in, until they are removed', async () => {
    expect(await blobs.get('file_1')).toBeNull();
    expect(await blobs.put('file_1', feed('one ', 'and ', 'two'))).toBe(11);
    expect(await blobs.put('file_2', feed())).toBe(0);
    expect(await text(blobs, 'file_1')).toBe('one and two');
    expect(await text(blobs, 'file_2')).toBe('');
    await blobs.remove('file_1');
    await blobs.remove('file_1');
    expect(await blobs.get('file_1')).toBeNull();
    expect(await text(blobs, 'file_2')).toBe('');
  });

  test('that break off are an error, and what is there of them can be removed', async () => {
    await expect(blobs.put('file_1', breaking())).rejects.toThrow('hung up');
    await blobs.remove('file_1');
    expect(await blobs.get('file_1')).toBeNull();
  });

  test('of some size come back whole', async () => {
    const piece = Buffer.alloc(300_000, 'abcdefg');
    expect(await blobs.put('file_1', Readable.from(Array(20).fill(piece)))).toBe(6_000_000);
    const found = await buffer((await blobs.get('file_1')) as Readable);
    expect(found.equals(Buffer.concat(Array(20).fill(piece)))).toBe(true);
  });
});

describe('A folder', () => {
  test('and what is in it are their owner’s alone', async () => {
    const inside = join(folder, 'files');
    const blobs = await openBlobs({ kind: 'folder', folder: inside });
    await blobs.put('file_1', feed('secret'));
    expect(statSync(inside).mode & 0o777).toBe(0o700);
    expect(statSync(join(inside, 'file_1')).mode & 0o777).toBe(0o600);
  });

  test.each(['../file_1', 'a/b', '.', '', '/etc/passwd', 'a\0'])(
    'is not left by the name %j',
    async (name) => {
      const blobs = await openBlobs({ kind: 'folder', folder: join(folder, 'files') });
      await expect(blobs.put(name, feed('x'))).rejects.toThrow(TypeError);
      await expect(blobs.get(name)).rejects.toThrow(TypeError);
      expect(() => blobs.remove(name)).toThrow(TypeError);
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  test('that is temporary is gone when it is closed', async () => {
    const blobs = await openBlobs({ kind: 'temporary' });
    await blobs.put('file_1', feed('x'));
    const [inside = ''] = readdirSync(folder);
    expect(readdirSync(join(folder, inside))).toEqual(['file_1']);
    await blobs.close();
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('S3', () => {
  test('keeps objects under the prefix, and nothing stays here', async () => {
    const blobs = await openBlobs(s3Place());
    await blobs.put('file_1', feed('one'));
    await expect(blobs.put('file_2', breaking())).rejects.toThrow('hung up');
    expect([...s3.objects.keys()]).toEqual(['bucket/pawl/files/file_1']);
    expect(s3.requests).toEqual(['PUT /bucket/pawl/files/file_1']);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('is asked again when it is busy, and not for ever', async () => {
    const blobs = await openBlobs(s3Place());
    s3.refuseNext(503, 500);
    expect(await blobs.put('file_1', feed('one'))).toBe(3);
    s3.refuseNext(503, 503, 503);
    await expect(blobs.put('file_2', feed('two'))).rejects.toThrow(
      'S3 answered a PUT with status 503 (SlowDown)',
    );
    expect(s3.requests).toHaveLength(6);
    expect([...s3.objects.values()].map(String)).toEqual(['one']);
  });

  test.each(['put', 'get', 'remove'] as const)('that refuses a %s is quoted without keys', async (how) => {
    const place = { ...s3Place(), secret_access_key: 'another secret' };
    const blobs = await openBlobs(place);
    const made = how === 'put' ? blobs.put('file_1', feed('one')) : blobs[how]('file_1');
    const error = await Promise.resolve(made).then(
      () => null,
      (thrown: unknown) => thrown as Error,
    );
    expect(error?.message).toMatch(/^S3 answered a \w+ with status 403 \(SignatureDoesNotMatch\)$/);
    expect(JSON.stringify(error) + String(error?.stack)).not.toMatch(/another secret|test-access-key/);
  });

  test('without the bucket is an error, and not a file that is gone', async () => {
    const blobs = await openBlobs({ ...s3Place(), bucket: 'other' });
    await expect(blobs.get('file_1')).rejects.toThrow('NoSuchBucket');
    await expect(blobs.remove('file_1')).rejects.toThrow('NoSuchBucket');
  });
});
