import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** The keys that the store knows. */
export const s3Keys = { access_key_id: 'test-access-key', secret_access_key: 'test-secret/+access-key' };

/**
 * A small S3 on loopback: PUT, GET and DELETE of objects, their names in the path. It checks the signature of each
 * request (AWS Signature Version 4, as Amazon's "Create a signed AWS API request" describes it) and the hash of each
 * body by itself.
 */
export type S3Server = {
  readonly url: string;
  /** Bytes by bucket and key, such as `bucket/prefix/file_1`. */
  readonly objects: Map<string, Buffer>;
  /** What was asked, such as `PUT /bucket/key`, refused requests included. */
  readonly requests: string[];
  /** Refuses the next requests with these statuses. */
  refuseNext(...statuses: number[]): void;
  close(): Promise<void>;
};

/** Starts a store with one bucket. */
export async function startS3Server(bucket: string): Promise<S3Server> {
  const objects = new Map<string, Buffer>();
  const requests: string[] = [];
  const refusals: number[] = [];

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    const { method = '', url = '' } = request;
    requests.push(`${method} ${url}`);
    const refuse = (status: number, code: string): void => {
      response.writeHead(status, { 'content-type': 'application/xml' });
      response.end(
        `<Error><Code>${code}</Code><AWSAccessKeyId>${s3Keys.access_key_id}</AWSAccessKeyId></Error>`,
      );
    };
    const status = refusals.shift();
    if (status !== undefined) return refuse(status, 'SlowDown');
    const wrong = problemWith(request, body);
    if (wrong !== null) return refuse(403, wrong);
    const key = decodeURIComponent(url.slice(1));
    if (!key.startsWith(`${bucket}/`)) return refuse(404, 'NoSuchBucket');
    if (method === 'PUT') objects.set(key, body);
    else if (method === 'DELETE') objects.delete(key);
    const found = objects.get(key);
    if (method === 'GET' && found === undefined) return refuse(404, 'NoSuchKey');
    response.writeHead(method === 'DELETE' ? 204 : 200);
    response.end(method === 'GET' ? found : undefined);
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    ...{ url: `http://127.0.0.1:${port}`, objects, requests },
    refuseNext: (...statuses) => void refusals.push(...statuses),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** What is wrong with a request, as S3 calls it; null when nothing is. */
function problemWith({ method = '', url = '', headers }: IncomingMessage, body: Buffer): string | null {
  if (method === 'PUT' && headers['content-length'] === undefined) return 'MissingContentLength';
  const authorization =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/((\d{8})\/([^/]+)\/s3\/aws4_request), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/;
  const [, key, scope = '', day = '', region = '', names = '', signature] =
    authorization.exec(headers.authorization ?? '') ?? [];
  if (key !== s3Keys.access_key_id) return 'InvalidAccessKeyId';
  const time = String(headers['x-amz-date']);
  const signed = names.split(';');
  if (
    !time.startsWith(day) ||
    !['host', 'x-amz-date', 'x-amz-content-sha256'].every((one) => signed.includes(one))
  ) {
    return 'AccessDenied';
  }
  const bodyHash = String(headers['x-amz-content-sha256']);
  // S3 takes bodies without a hash as well; here, each PUT has to have one.
  const isHashed = bodyHash === sha256(body) || (method !== 'PUT' && bodyHash === 'UNSIGNED-PAYLOAD');
  if (!isHashed) return 'XAmzContentSHA256Mismatch';
  const [path = '', query = ''] = url.split('?');
  const lines = signed.map((name) => `${name}:${String(headers[name]).trim()}\n`).join('');
  const canonical = [method, path, query, lines, names, bodyHash].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n');
  const chain = [day, region, 's3', 'aws4_request', toSign];
  const made = chain.reduce<string | Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `AWS4${s3Keys.secret_access_key}`,
  );
  return Buffer.from(made).toString('hex') === signature ? null : 'SignatureDoesNotMatch';
}

function sha256(bytes: string | Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
