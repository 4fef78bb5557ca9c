import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type {
  CaseResponse,
  DatasetChangeResponse,
  DatasetDiffResponse,
  DatasetResponse,
  DatasetRevisionResponse,
  NewCaseResponse,
} from '../src/api/wire/datasets.ts';
import { type ModelServer, startModelServer } from './model-server.ts';
import { startPawl, type TestPawl } from './pawl.ts';
import { converse, makeSetting, openSession } from './story.ts';

type Page<T> = { readonly data: readonly T[]; readonly next_page: string | null };
type Refusal = {
  readonly error: { readonly message: string; readonly details: { readonly error_code: string } };
};

let model: ModelServer;
let pawl: TestPawl;

beforeAll(async () => {
  model = await startModelServer({ reply: ({ messages }) => `You said ${messages.at(-1)?.text}` });
  pawl = await startPawl({ anthropic_base_url: model.url, anthropic_api_key: 'upstream-key' });
});
afterAll(async () => {
  await model.close();
  await pawl.server.close();
});

type Call = { readonly method?: string; readonly body?: string | ReadableStream; readonly type?: string };

async function ask(path: string, { method = 'GET', body, type }: Call = {}): Promise<Response> {
  return fetch(`${pawl.url}/pawl/v1/datasets${path}`, {
    method,
    headers: { 'x-api-key': pawl.key, ...(type === undefined ? {} : { 'content-type': type }) },
    ...(body === undefined ? {} : { body, duplex: 'half' }),
  });
}

async function got<T>(path: string, call?: Call): Promise<T> {
  const response = await ask(path, call);
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return JSON.parse(text) as T;
}

async function refused(
  path: string,
  call?: Call,
): Promise<{ status: number; code: string; message: string }> {
  const response = await ask(path, call);
  const { error } = (await response.json()) as Refusal;
  return { status: response.status, code: error.details.error_code, message: error.message };
}

const sendJson = (path: string, body: unknown): [string, Call] => [
  path,
  { method: 'POST', body: JSON.stringify(body), type: 'application/json' },
];
const jsonl = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
const sendFile = (query: string, body: string, type = 'application/x-ndjson'): [string, Call] => [
  `/import?${query}`,
  { method: 'POST', body, type },
];

describe('A file', () => {
  const row = { id: 'a', subject: 'Help', team: 'x' };

  test('is imported, and its columns are named in the query', async () => {
    const made = await got<DatasetChangeResponse>(
      ...sendFile('name=mapped&input=subject&target=team&group=team', jsonl([row])),
    );
    expect(made).toMatchObject({
      ...{ type: 'dataset', name: 'mapped', description: null, archived_at: null, unchanged: false },
      revision: { type: 'dataset_revision', cases: 1, summary: { groups: [{ group: 'x', cases: 1 }] } },
    });
    const { data } = await got<Page<CaseResponse>>(`/${made.id}/cases`);
    expect(data).toEqual([
      {
        ...{ type: 'case', hash: expect.any(String), id: 'a', input: 'Help', target: 'x', group: 'x' },
        ...{ cluster: null, weight: 1, must_pass: false, split: null, fields: {} },
      },
    ]);
  });

  test.each([
    ['application/x-ndjson', '', jsonl([row])],
    ['application/jsonl; charset=utf-8', '', jsonl([row])],
    ['text/csv', '', 'id,subject,team\na,Help,x\n'],
    ['Text/CSV; header=present', '', 'id,subject,team\na,Help,x\n'],
    ['application/octet-stream', '&format=csv', 'id,subject,team\na,Help,x\n'],
    ['application/octet-stream', '&format=jsonl', jsonl([row])],
    ['text/csv', '&format=jsonl', jsonl([row])],
  ])('may come as %s%s', async (type, format, body) => {
    const { revision } = await got<DatasetChangeResponse>(...sendFile(`name=types${format}`, body, type));
    const first = await got<DatasetResponse>('/types');
    expect(revision?.hash).toBe(first.revision?.hash);
  });

  test.each([
    ['application/json', ''],
    ['text/plain', ''],
    ['multipart/form-data; boundary=x', ''],
    ['application/json', '&format=jsonl'],
  ])('may not come as %s%s', async (type, format) => {
    expect(await refused(...sendFile(`name=x${format}`, jsonl([row]), type))).toMatchObject({
      ...{
        status: 400,
        code: 'invalid_request',
        message: expect.stringMatching(/^content-type: must be one of/),
      },
    });
  });

  test('says what format it has', async () => {
    expect(await refused(...sendFile('name=x', jsonl([row]), 'application/octet-stream'))).toMatchObject({
      ...{
        status: 400,
        code: 'invalid_request',
        message: expect.stringMatching(/^format: must be jsonl or csv/),
      },
    });
    expect(await refused(...sendFile('name=x&format=xml', ''))).toMatchObject({
      ...{ status: 400, message: 'format: must be jsonl or csv' },
    });
    expect(await refused('/import?name=x', { method: 'POST' })).toMatchObject({
      ...{ status: 400, message: expect.stringMatching(/^content-type: must be one of/) },
    });
  });

  test.each([
    ['target=team', /^name: /],
    ['name=', /^name: /],
    ['name=dset_x', /^name: must be 1 to 100 letters/],
    ['name=x&title=y', /title/],
    ['name=x&target=a&target=b', /^target: /],
    ['name=x&target=a%00', /^target: /],
  ])('needs a query that can be read: %s', async (query, message) => {
    expect(await refused(...sendFile(query, jsonl([row])))).toMatchObject({
      ...{ status: 400, code: 'invalid_request', message: expect.stringMatching(message) },
    });
  });

  test('is refused with a line for each complaint, and nothing is kept of it', async () => {
    const body = `${jsonl([row])}nothing\n${jsonl([{ id: 'a', input: 7 }])}`;
    expect(await refused(...sendFile('name=bad', body))).toEqual({
      ...{ status: 400, code: 'invalid_dataset' },
      message: 'line 2: must be a JSON object\nline 3: input: must be a text or a list of messages',
    });
    expect(await refused('/bad')).toMatchObject({ status: 404, code: 'dataset_not_found' });
  });

  test('may hold any characters, and its dataset a name in any script', async () => {
    const name = encodeURIComponent('Überprüfung-チケット_1.0');
    const cases = [{ id: 'ü/ä?', input: '\uFEFF🧑🏽‍🚀\u2028', target: '\u0001' }];
    await got(...sendFile(`name=${name}`, jsonl(cases)));
    const { data } = await got<Page<CaseResponse>>(`/${name}/cases`);
    expect(data).toMatchObject(cases);
  });

  test('is not taken by other routes', async () => {
    expect(
      await refused('', { method: 'POST', body: jsonl([row]), type: 'application/x-ndjson' }),
    ).toMatchObject({
      ...{ status: 400, message: 'content-type: must be application/json' },
    });
  });

  test('needs a key', async () => {
    const url = `${pawl.url}/pawl/v1/datasets/import?name=x`;
    const headers = { 'content-type': 'text/csv' };
    expect((await fetch(url, { method: 'POST', headers, body: 'id\na' })).status).toBe(401);
  });

  test('that is hopeless is answered before its end, and the next request is served', async () => {
    let sent = 0;
    const endless = new ReadableStream({
      pull(controller) {
        sent += 1000;
        controller.enqueue(Buffer.from('bad line\n'.repeat(1000)));
        if (sent >= 5_000_000) controller.close();
      },
    });
    const call = { method: 'POST', body: endless, type: 'application/x-ndjson' };
    const { code, message } = await refused('/import?name=hopeless', call);
    expect(code).toBe('invalid_dataset');
    expect(message.split('\n')).toHaveLength(51);
    expect(sent).toBeLessThan(5_000_000);
    expect(await refused('/hopeless')).toMatchObject({ code: 'dataset_not_found' });
  });

  test('whose sender hangs up leaves nothing behind', async () => {
    const headers = { 'x-api-key': pawl.key, 'content-type': 'application/x-ndjson' };
    const call = request(`${pawl.url}/pawl/v1/datasets/import?name=hung-up`, { method: 'POST', headers });
    const closed = new Promise((resolve) => call.once('close', resolve));
    call.on('error', () => {});
    await new Promise<unknown>((resolve) => call.write(jsonl([row]), resolve));
    call.destroy();
    await closed;
    expect(await refused('/hung-up')).toMatchObject({ code: 'dataset_not_found' });
  });

  test('of more than 1 GiB is refused by its length', async () => {
    const headers = { 'x-api-key': pawl.key, 'content-type': 'text/csv', 'content-length': 1024 ** 3 + 1 };
    const call = request(`${pawl.url}/pawl/v1/datasets/import?name=large`, { method: 'POST', headers });
    call.on('error', () => {});
    const status = new Promise((resolve) => call.once('response', ({ statusCode }) => resolve(statusCode)));
    call.write('id');
    expect(await status).toBe(413);
    call.destroy();
  });
});

describe('A dataset', () => {
  const cases = ['a', 'b', 'c'].map((id) => ({ id, input: `Input of ${id}`, target: 'x' }));

  test('is made of a list of cases, and comes back by id and by name', async () => {
    const made = await got<DatasetChangeResponse>(
      ...sendJson('', { name: 'made', description: 'A few', cases: cases.slice(1) }),
    );
    expect(made).toMatchObject({ description: 'A few', unchanged: false, revision: { cases: 2 } });
    const { unchanged: _unchanged, ...dataset } = made;
    expect(await got(`/${made.id}`)).toEqual(dataset);
    expect(await got('/made')).toEqual(dataset);
    const again = await got<DatasetChangeResponse>(...sendJson('', { name: 'made', cases: cases.slice(1) }));
    expect(again).toEqual({ ...dataset, unchanged: true });
  });

  test('is refused with the places of the cases in the list', async () => {
    const body = { name: 'refused', cases: [...cases, { id: 'a' }, 'x'] };
    expect(await refused(...sendJson('', body))).toEqual({
      ...{ status: 400, code: 'invalid_dataset' },
      message:
        'cases[3]: input: must be given, unless there are other columns to make a message from\n' +
        'cases[4]: must be an object',
    });
    expect(await refused(...sendJson('', { name: 'refused', cases: [] }))).toMatchObject({
      ...{ code: 'invalid_dataset', message: 'a dataset must have at least one case' },
    });
    expect(await refused(...sendJson('', { name: 'refused' }))).toMatchObject({ code: 'invalid_request' });
  });

  test('keeps every revision that it had, and tells them apart', async () => {
    const first = await got<DatasetChangeResponse>(...sendJson('', { name: 'many', cases }));
    const changed = [{ ...cases[0], target: 'y' }, ...cases.slice(2), { id: 'd', input: 'New' }];
    const second = await got<DatasetChangeResponse>(...sendJson('', { name: 'many', cases: changed }));
    const { data } = await got<Page<DatasetRevisionResponse>>('/many/revisions?limit=1');
    expect(data).toEqual([second.revision]);

    const hash = first.revision?.hash.slice(0, 8);
    expect(await got(`/many?revision=${hash}`)).toMatchObject({ revision: first.revision });
    const old = await got<Page<CaseResponse>>(`/many/cases?revision=${hash}&limit=2`);
    expect(old.data.map(({ id }) => id)).toEqual(['a', 'b']);
    const rest = await got<Page<CaseResponse>>(`/many/cases?limit=2&page=${old.next_page}`);
    expect(rest.data.map(({ id }) => id)).toEqual(['c']);

    const diff = await got<DatasetDiffResponse>('/many/diff?limit=2');
    expect(diff).toMatchObject({ type: 'dataset_diff', from: first.revision, to: second.revision });
    const more = await got<DatasetDiffResponse>(`/many/diff?limit=2&page=${diff.next_page}`);
    expect([...diff.data, ...more.data]).toEqual([
      { type: 'case_change', change: 'changed', case_id: 'a', fields: ['target'] },
      { type: 'case_change', change: 'added', case_id: 'd', fields: [] },
      { type: 'case_change', change: 'removed', case_id: 'b', fields: [] },
    ]);
    const back = await got<DatasetDiffResponse>(`/many/diff?from=${second.revision?.id}&to=${hash}`);
    expect(back.data.map(({ change }) => change)).toEqual(['changed', 'added', 'removed']);
  });

  test.each(['jsonl', 'csv'])('is exported as %s and comes back the same', async (format) => {
    const made = await got<DatasetChangeResponse>(...sendJson('', { name: `file-${format}`, cases }));
    const response = await ask(`/${made.id}/export?format=${format}`);
    const type = response.headers.get('content-type') ?? '';
    expect(type).toMatch(format === 'csv' ? /^text\/csv/ : /^application\/x-ndjson/);
    const back = await got<DatasetChangeResponse>(
      ...sendFile(`name=file-${format}`, await response.text(), type),
    );
    expect(back).toEqual({ ...made, unchanged: true });
  });

  test('is archived for good', async () => {
    await got(...sendJson('', { name: 'old', cases }));
    const archived = await got<DatasetResponse>('/old/archive', { method: 'POST' });
    expect(archived).toMatchObject({ type: 'dataset', archived_at: expect.any(String) });
    expect(await refused(...sendJson('', { name: 'old', cases: [cases[0]] }))).toMatchObject({
      ...{ status: 400, code: 'dataset_archived' },
    });
    const listed = await got<Page<DatasetResponse>>('?limit=100');
    expect(listed.data.map(({ name }) => name)).not.toContain('old');
    const all = await got<Page<DatasetResponse>>('?limit=100&include_archived=true');
    expect(all.data).toContainEqual(archived);
  });

  test('is listed page by page', async () => {
    for (const name of ['list-1', 'list-2', 'list-3']) await got(...sendJson('', { name, cases }));
    const first = await got<Page<DatasetResponse>>('?limit=2');
    const second = await got<Page<DatasetResponse>>(`?limit=1&page=${first.next_page}`);
    expect([...first.data, ...second.data].map(({ name }) => name)).toEqual(['list-3', 'list-2', 'list-1']);
  });

  test.each([
    '/none',
    '/dset_none',
    '/none/revisions',
    '/none/cases',
    '/none/export',
    '/none/diff',
    '/%00',
    `/${'x'.repeat(400)}`,
    '/a%20b',
  ])('that does not exist is not found at %s', async (path) => {
    expect(await refused(path)).toMatchObject({ status: 404, code: 'dataset_not_found' });
  });

  test.each([
    ['?revision=00000000', 404, 'dataset_revision_not_found'],
    ['?revision=drev_none', 404, 'dataset_revision_not_found'],
    ['?revision=short', 400, 'invalid_request'],
    ['/diff', 404, 'dataset_revision_not_found'],
    ['/cases?page=page_x', 400, 'invalid_page'],
    ['/export?format=xml', 400, 'invalid_request'],
  ])('refuses %s', async (query, status, code) => {
    await got(...sendJson('', { name: 'alone', cases }));
    expect(await refused(`/alone${query}`)).toMatchObject({ status, code });
  });
});

test('A case is added as somebody has written it, and makes a revision', async () => {
  await got(...sendJson('', { name: 'by-hand', cases: [{ id: 'a', input: 'x', group: 'g' }] }));
  const body = { input: 'Where is my invoice?', target: { team: 'billing' }, group: 'g' };
  const added = await got<NewCaseResponse>(...sendJson('/by-hand/cases', body));
  expect(added).toMatchObject({
    ...{ ...body, type: 'case', id: expect.stringMatching(/^case_/), fields: {} },
    dataset: { name: 'by-hand', unchanged: false, revision: { cases: 2 } },
  });
  expect(await got(...sendJson('/by-hand/cases', body))).toMatchObject({ dataset: { unchanged: true } });
  for (const [wrong, code, message] of [
    [{ target: 'x' }, 'invalid_request', 'session_id: must be given, or else input'],
    [{ ...body, session_id: 'sesn_1' }, 'invalid_request', 'session_id: must be given, or else input'],
    [{ ...body, input: 7 }, 'invalid_dataset', 'input:'],
    [{ ...body, group: undefined }, 'invalid_dataset', 'group: missing'],
  ] as const) {
    const refusal = await refused(...sendJson('/by-hand/cases', wrong));
    expect(refusal).toMatchObject({ status: 400, code, message: expect.stringContaining(message) });
  }
});

describe('A session', () => {
  test('becomes a case with a label', async () => {
    await got(...sendJson('', { name: 'from-sessions', cases: [{ id: 'a', input: 'x', group: 'g' }] }));
    const { id } = await openSession(pawl.client, await makeSetting(pawl.client));
    await converse(pawl.client, id, 'Where is my invoice?');
    const body = { session_id: id, target: 'billing', group: 'g', must_pass: true, id: 'ticket-1' };
    const added = await got<NewCaseResponse>(...sendJson('/from-sessions/cases', body));
    expect(added).toMatchObject({
      ...{ type: 'case', id: 'ticket-1', input: 'Where is my invoice?', target: 'billing', must_pass: true },
      fields: { session_id: id, agent_version: 1 },
      dataset: { type: 'dataset', name: 'from-sessions', unchanged: false, revision: { cases: 2 } },
    });
    await converse(pawl.client, id, 'And the other one?');
    const { input } = await got<NewCaseResponse>(...sendJson('/from-sessions/cases', body));
    expect(input).toEqual([
      { role: 'user', content: 'Where is my invoice?' },
      { role: 'assistant', content: 'You said Where is my invoice?' },
      { role: 'user', content: 'And the other one?' },
    ]);
    const { data } = await got<DatasetDiffResponse>('/from-sessions/diff');
    expect(data).toMatchObject([{ change: 'changed', case_id: 'ticket-1', fields: ['input'] }]);
  });

  test.each<[object, number, string]>([
    [{ session_id: 'sesn_none', target: 'x' }, 404, 'session_not_found'],
    [{ session_id: 'nonsense', target: 'x' }, 404, 'session_not_found'],
    [{ session_id: 'sesn_none' }, 400, 'invalid_request'],
    [{ session_id: 'sesn_none', target: 'x', extra: 1 }, 400, 'invalid_request'],
  ])('is refused when it is %j', async (body, status, code) => {
    await got(...sendJson('', { name: 'strict', cases: [{ id: 'a', input: 'x' }] }));
    expect(await refused(...sendJson('/strict/cases', body))).toMatchObject({ status, code });
    expect(await refused(...sendJson('/none/cases', { session_id: 'sesn_x', target: 1 }))).toMatchObject({
      ...{ status: 404, code: 'dataset_not_found' },
    });
  });
});
