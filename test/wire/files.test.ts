import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Anthropic, { toFile } from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sdk, startPawl, type TestPawl } from '../pawl.ts';
import { type S3Server, s3Keys, startS3Server } from '../s3-server.ts';
import { errorOf, eventually } from '../story.ts';

const maxBytes = 100_000;
let folder: string;
let pawl: TestPawl;
let client: Anthropic;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pawl-wire-files-'));
  pawl = await startPawl({ data_dir: folder, max_file_bytes: String(maxBytes) });
  client = sdk(pawl.url, pawl.key, { maxRetries: 0 });
});
afterAll(async () => {
  await pawl.server.close();
  rmSync(folder, { recursive: true });
});

const file = (content: string, name: string, type?: string) =>
  new File([content], name, type === undefined ? {} : { type });

/** Sends a form as it is. */
async function post(body: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${pawl.url}/v1/files`, {
    ...{ method: 'POST', body, headers: { 'x-api-key': pawl.key, ...headers } },
  });
  const answer = (await response.json()) as {
    id?: string;
    error?: { message: string; details: { error_code: string } };
  };
  return {
    status: response.status,
    answer,
    code: answer.error?.details.error_code,
    message: answer.error?.message,
  };
}

/** A part of a form, by hand. */
const part = (disposition: string, content: string, type = 'text/plain') =>
  `--b\r\ncontent-disposition: form-data; ${disposition}\r\ncontent-type: ${type}\r\n\r\n${content}\r\n`;
const formType = { 'content-type': 'multipart/form-data; boundary=b' };
const onDisk = () => readdirSync(join(folder, 'files')).toSorted();

describe('The official SDK', () => {
  test('uploads, looks at, downloads and deletes a file', async () => {
    const made = await client.files.upload({ file: file('%PDF-1', 'paper.pdf', 'application/pdf') });
    expect(made).toEqual({
      ...{
        id: expect.stringMatching(/^file_[1-9A-HJ-NP-Za-km-z]{24}$/),
        type: 'file',
        filename: 'paper.pdf',
      },
      ...{ mime_type: 'application/pdf', size_bytes: 6, created_at: expect.any(String) },
      ...{ downloadable: true, expires_at: null, scope: null },
    });
    expect(await client.files.retrieveMetadata(made.id)).toEqual(made);
    expect(await client.beta.files.retrieveMetadata(made.id)).toEqual(made);
    const response = await client.files.download(made.id);
    expect(await response.text()).toBe('%PDF-1');
    expect(Object.fromEntries(response.headers)).toMatchObject({
      ...{ 'content-type': 'application/pdf', 'content-length': '6', 'x-content-type-options': 'nosniff' },
      'content-disposition': `attachment; filename="paper.pdf"; filename*=UTF-8''paper.pdf`,
    });
    expect(onDisk()).toContain(made.id);
    expect(await client.files.delete(made.id)).toEqual({ id: made.id, type: 'file_deleted' });
    const calls: (() => PromiseLike<unknown>)[] = [
      () => client.files.retrieveMetadata(made.id),
      () => client.files.download(made.id),
      () => client.files.delete(made.id),
    ];
    for (const call of calls) {
      const error = await errorOf(call());
      expect(error).toBeInstanceOf(Anthropic.NotFoundError);
      expect(error).toMatchObject({ errorCode: 'file_not_found' });
    }
    expect(onDisk()).not.toContain(made.id);
  });

  test('does the same through its beta resource', async () => {
    const upload = await toFile(Buffer.from([0, 255, 13, 10]), 'a.bin');
    const made = await client.beta.files.upload({
      ...{ file: upload, expires_in_seconds: 7200, betas: ['files-api-2025-04-14'] },
    });
    expect(made).toMatchObject({ mime_type: 'application/octet-stream', size_bytes: 4, scope: null });
    expect(Date.parse(made.expires_at ?? '') - Date.parse(made.created_at)).toBe(7_200_000);
    const bytes = await (await client.beta.files.download(made.id)).arrayBuffer();
    expect([...new Uint8Array(bytes)]).toEqual([0, 255, 13, 10]);
    expect(await client.beta.files.delete(made.id)).toMatchObject({ type: 'file_deleted' });
  });

  test('gets its own class for a file that is not there', async () => {
    expect(await errorOf(client.files.retrieveMetadata('../../etc/passwd'))).toMatchObject({ status: 404 });
    expect(await errorOf(client.files.download('..%2fpawl.db'))).toMatchObject({ status: 404 });
  });
});

describe('A list of files', () => {
  test('is paged newest first, by cursors and as older clients do', async () => {
    const made: string[] = [];
    for (const name of ['1', '2', '3', '4', '5']) {
      made.unshift((await client.files.upload({ file: file(name, name) })).id);
    }
    const seen: string[] = [];
    for await (const { id } of client.files.list({ limit: 2 })) seen.push(id);
    expect(seen).toEqual(made);
    const raw = async (query: string) => {
      const answer = await fetch(`${pawl.url}/v1/files?${query}`, { headers: { 'x-api-key': pawl.key } });
      const { data, ...rest } = (await answer.json()) as { data: { id: string }[] } & Record<string, unknown>;
      return { ids: data.map(({ id }) => id), ...rest };
    };
    expect(await raw('limit=2')).toMatchObject({
      ...{ ids: made.slice(0, 2), has_more: true, first_id: made[0], last_id: made[1] },
      next_page: expect.any(String),
    });
    expect(await raw(`limit=3&after_id=${made[1]}`)).toMatchObject({ ids: made.slice(2), has_more: false });
    expect(await raw(`limit=2&before_id=${made[3]}`)).toMatchObject({
      ids: made.slice(1, 3),
      has_more: true,
    });
    expect(await raw(`limit=2&before_id=${made[2]}`)).toMatchObject({
      ids: made.slice(0, 2),
      has_more: false,
    });
    expect(await raw(`after_id=${made[4]}`)).toEqual({
      ...{ ids: [], next_page: null, has_more: false, first_id: null, last_id: null },
    });
    const [first = '', , third = ''] = made;
    const some = await client.files.list({ ids: [third, 'file_gone', first, first] });
    expect(some.data.map(({ id }) => id)).toEqual([first, third]);
    expect(some.next_page).toBeNull();
    expect((await client.beta.files.list({ scope_id: 'sesn_1' })).data).toEqual([]);
    for (const id of made) await client.files.delete(id);
  });

  test.each([
    ['limit=0', 'limit: '],
    ['limit=1001', 'limit: '],
    ['page=nonsense', 'page: '],
    ['ids[]=a&limit=1', 'ids: cannot go together'],
    ['ids[]=a&page=page_x', 'ids: cannot go together'],
    ['after_id=a&before_id=b', 'page: cannot go together'],
    [Array.from({ length: 101 }, (_, i) => `ids[]=${i}`).join('&'), 'ids: at most 100'],
    ['order=asc', 'order'],
  ])('is refused with %.40s', async (query, message) => {
    const answer = await fetch(`${pawl.url}/v1/files?${query}`, { headers: { 'x-api-key': pawl.key } });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain(message);
  });
});

describe('What a file is called, and what it is', () => {
  test.each([
    ['../../etc/passwd', 'text/plain', 'passwd', 'text/plain'],
    ['C:\\temp\\a b.txt', 'text/plain', 'a b.txt', 'text/plain'],
    ['/', 'application/pdf', 'unnamed.pdf', 'application/pdf'],
    ['a/..', 'x-odd/type', 'unnamed', 'x-odd/type'],
    ['Grüße "7".csv', 'text/csv', 'Grüße "7".csv', 'text/csv'],
    ['scan.PDF', 'application/octet-stream', 'scan.PDF', 'application/pdf'],
    ['data', 'application/octet-stream', 'data', 'application/octet-stream'],
    ['page.html', 'Text/HTML; charset=utf-8', 'page.html', 'text/html'],
  ])('%j, %s', async (name, type, filename, mime_type) => {
    const form = part(
      `name="file"; filename="${name.replaceAll('\\', '\\\\').replaceAll('"', '%22')}"`,
      'x',
      type,
    );
    const sent = name.includes('"')
      ? await client.files.upload({ file: file('x', name, type) })
      : ((await post(`${form}--b--\r\n`, formType)).answer as { id: string });
    const made = await client.files.retrieveMetadata(sent.id);
    expect({ filename: made.filename, mime_type: made.mime_type }).toEqual({
      filename,
      mime_type,
    });
    const download = await client.files.download(made.id);
    expect(download.headers.get('content-type')).toBe(mime_type);
    await client.files.delete(made.id);
  });

  test.each([`ü"'%\\;.txt`, 'a"; filename="b"'])(
    'the name %j in a download cannot end its header',
    async (name) => {
      const { id } = await client.files.upload({ file: file('x', name) });
      const { headers } = await client.files.download(id);
      expect(headers.get('content-disposition')).toMatch(
        /^attachment; filename="[\x20\x21\x23-\x5b\x5d-\x7e]*"; filename\*=UTF-8''[\w%.-]+$/,
      );
      await client.files.delete(id);
    },
  );
});

describe('An upload', () => {
  const good = part('name="file"; filename="a.txt"', 'x');
  const seconds = (value: string) => part('name="expires_in_seconds"', value);

  test('may say how long the file is kept before the file as well', async () => {
    const { status, answer } = await post(`${seconds('3600')}${good}--b--\r\n`, formType);
    expect(status).toBe(200);
    expect(await client.files.delete(answer.id ?? '')).toMatchObject({ type: 'file_deleted' });
  });

  test.each([
    ['no file', `${seconds('3600')}--b--\r\n`, 'file: '],
    ['two files', `${good}${good}--b--\r\n`, 'one part file'],
    [
      'too short a time',
      `${good}${seconds('3599')}--b--\r\n`,
      'expires_in_seconds: must be a whole number from 3600',
    ],
    ['too long a time', `${good}${seconds('7776001')}--b--\r\n`, 'expires_in_seconds: '],
    ['no number as its time', `${good}${seconds('soon')}--b--\r\n`, 'expires_in_seconds: '],
    ['a field that is too long', `${good}${seconds('1'.repeat(2000))}--b--\r\n`, 'expires_in_seconds: '],
    ['an unknown field', `${good}${part('name="purpose"', 'x')}--b--\r\n`, 'purpose'],
    ['too many parts', `${seconds('3600').repeat(20)}${good}--b--\r\n`, 'parts in all'],
    ['no end', good, 'no complete form'],
    ['half a part', part('name="file"; filename="a"', 'x').slice(0, -3), 'no complete form'],
    ['no form', 'Hello', 'no complete form'],
    ['nothing', '', 'no complete form'],
    [
      'a name of 256 characters',
      `${part(`name="file"; filename="${'a'.repeat(256)}"`, 'x')}--b--\r\n`,
      'filename: ',
    ],
    ['a name of two lines', `${part('name="file"; filename="a%0D%0Ab"', 'x')}--b--\r\n`, 'filename: '],
    ['a name with a tab', `${part('name="file"; filename="a\tb"', 'x')}--b--\r\n`, 'filename: '],
    ['an odd type', `${part('name="file"; filename="a"', 'x', 'text')}--b--\r\n`, 'mime_type: '],
  ])('with %s is refused, and leaves nothing', async (_what, body, message) => {
    const before = onDisk();
    const refused = await post(body, formType);
    expect(refused).toMatchObject({ status: 400, code: 'invalid_request' });
    expect(refused.message).toContain(message);
    expect(onDisk()).toEqual(before);
    expect((await client.files.list()).data).toEqual([]);
  });

  test('that is no form says which content type it has to have', async () => {
    for (const type of ['application/json', 'text/plain', 'multipart/form-data']) {
      const refused = await post('{}', { 'content-type': type });
      expect(refused).toMatchObject({ status: 400, code: 'invalid_request' });
      expect(refused.message).toContain('multipart/form-data');
    }
  });

  test('may be as large as is allowed, and not a byte larger', async () => {
    const made = await client.files.upload({ file: file('x'.repeat(maxBytes), 'a.txt') });
    expect(made.size_bytes).toBe(maxBytes);
    await client.files.delete(made.id);
    const before = onDisk();
    for (const size of [maxBytes + 1, maxBytes * 2]) {
      const error = await errorOf(client.files.upload({ file: file('x'.repeat(size), 'a.txt') }));
      expect(error).toMatchObject({ status: 413 });
      expect(String(error)).toContain(`larger than ${maxBytes} bytes`);
    }
    const pieces = new ReadableStream({
      start(controller) {
        controller.enqueue(Buffer.from(part('name="file"; filename="a"', 'x'.repeat(3 * maxBytes))));
        controller.close();
      },
    });
    const init = { duplex: 'half', headers: { ...formType, 'x-api-key': pawl.key } } as const;
    const answer = await fetch(`${pawl.url}/v1/files`, { method: 'POST', body: pieces, ...init });
    expect(answer.status).toBe(413);
    expect(onDisk()).toEqual(before);
  });

  test('that stops half-way leaves nothing', async () => {
    const cut = new AbortController();
    const before = onDisk();
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(Buffer.from(part('name="file"; filename="a"', 'half'))),
    });
    const init = {
      duplex: 'half',
      signal: cut.signal,
      headers: { ...formType, 'x-api-key': pawl.key },
    } as const;
    const sent = fetch(`${pawl.url}/v1/files`, { method: 'POST', body, ...init });
    const refused = expect(sent).rejects.toThrow();
    await eventually('its first bytes', () => onDisk().length > before.length);
    cut.abort();
    await refused;
    await eventually('nothing of it', () => onDisk().length === before.length);
    expect((await client.files.list()).data).toEqual([]);
  });
});

describe('Files after a restart', () => {
  let s3: S3Server;
  beforeAll(async () => {
    s3 = await startS3Server('bucket');
  });
  afterAll(() => s3.close());

  const inS3 = (): Record<string, string> => ({
    ...{ files_url: 's3://bucket/pawl/', files_s3_endpoint: `${s3.url}/` },
    files_s3_access_key_id: s3Keys.access_key_id,
    files_s3_secret_access_key: s3Keys.secret_access_key,
  });

  test.each(['a folder', 'S3'])('are still there, in %s', async (place) => {
    const data_dir = mkdtempSync(join(tmpdir(), 'pawl-restart-'));
    const set = { data_dir, ...(place === 'S3' ? inS3() : {}) };
    const first = await startPawl(set);
    const { id } = await first.client.files.upload({ file: file('kept', 'a.txt') });
    await first.server.close();
    const second = await startPawl(set);
    expect(await (await second.client.files.download(id)).text()).toBe('kept');
    expect([...s3.objects.keys()]).toEqual(place === 'S3' ? [`bucket/pawl/${id}`] : []);
    await second.client.files.delete(id);
    expect([...s3.objects.keys()]).toEqual([]);
    await second.server.close();
    rmSync(data_dir, { recursive: true });
  });

  test('cannot be uploaded while S3 is away, and the answer tells no secrets', async () => {
    const data_dir = mkdtempSync(join(tmpdir(), 'pawl-away-'));
    const logged: string[] = [];
    const note = (...all: unknown[]) => void logged.push(JSON.stringify(all, errors));
    const log = { debug: note, info: note, warn: note, error: note };
    const away = await startPawl(
      { data_dir, ...inS3(), files_s3_secret_access_key: 'wrong-secret' },
      { log },
    );
    const one = sdk(away.url, away.key, { maxRetries: 0 });
    const error = await errorOf(one.files.upload({ file: file('x', 'a.txt') }));
    expect(error).toMatchObject({ status: 529 });
    expect(error).toMatchObject({
      error: { error: { details: { error_code: 'file_storage_unavailable' } } },
    });
    expect((await one.files.list()).data).toEqual([]);
    await away.server.close();
    rmSync(data_dir, { recursive: true });
    expect(logged.join('\n')).toContain('SignatureDoesNotMatch');
    expect(String(error) + logged.join('\n')).not.toMatch(/wrong-secret|test-access-key/);
  });
});

/** Has an error written down with all that hangs on it. */
function errors(_key: string, value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  return { ...value, message: value.message, stack: value.stack, cause: value.cause };
}
