import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SessionScoreResponse } from '../src/api/scores.ts';
import { all, ask, type PageOf, refusal } from './evals/eval-story.ts';
import { startPawl, type TestPawl } from './pawl.ts';
import { pawlHere as command } from './pawl-here.ts';
import type { Finished } from './pawl-process.ts';
import { converse, history, makeSetting, openSession, type Setting } from './story.ts';

/*
 * The goal: an application says what a session was worth, whenever it knows, and again when it knows better; what is
 * no score is refused by field. The method: the official SDK makes the sessions, the scores go over HTTP and through
 * the commands.
 */

let pawl: TestPawl;
let setting: Setting;

beforeAll(async () => {
  pawl = await startPawl();
  setting = await makeSetting(pawl.client);
});
afterAll(() => pawl.server.close());

const newSession = async (): Promise<string> => (await openSession(pawl.client, setting)).id;
const pathOf = (id: string): string => `/sessions/${id}/scores`;
const score = (id: string, body: object): Promise<SessionScoreResponse> => ask(pawl, pathOf(id), body);
/** All that is seen of a session, but for how long it has been there. */
const seen = async (id: string): Promise<string> => {
  const { stats: _, ...session } = await pawl.client.beta.sessions.retrieve(id);
  return JSON.stringify([session, await history(pawl.client, id)]);
};

describe('A score', () => {
  test('is kept with who gave it, and is seen nowhere else', async () => {
    const id = await newSession();
    await converse(pawl.client, id, 'Where is my parcel?');
    const before = await seen(id);
    const given = await score(id, { name: 'helpful', value: 0.5, comment: 'Right, but late' });
    expect(given).toMatchObject({
      ...{ type: 'session_score', session_id: id, position: 1, name: 'helpful', value: 0.5 },
      ...{ comment: 'Right, but late', source: 'api', actor: { role: 'admin' } },
    });
    expect(given.id).toMatch(/^score_/);
    expect(await seen(id)).toBe(before);
    expect(await all(pawl, pathOf(id))).toEqual([given]);
  });

  test('is a number from 0 to 1, or a yes or no', async () => {
    const id = await newSession();
    const given = [];
    for (const value of [true, false, 0, 1]) given.push((await score(id, { name: 'solved', value })).value);
    expect(given).toEqual([1, 0, 0, 1]);
  });

  test('may come late, and again: all are kept, in order, page by page', async () => {
    const id = await newSession();
    await score(id, { name: 'solved', value: true });
    await pawl.client.beta.sessions.archive(id);
    await score(id, { name: 'solved', value: false, agent_id: setting.agent.id });
    const newest = await ask<PageOf<SessionScoreResponse>>(pawl, `${pathOf(id)}?limit=1`);
    expect(newest.data).toMatchObject([{ position: 2, value: 0 }]);
    const rest = await ask<PageOf<SessionScoreResponse>>(
      pawl,
      `${pathOf(id)}?limit=1&page=${newest.next_page}`,
    );
    expect(rest).toMatchObject({ data: [{ position: 1, value: 1 }], next_page: null });
    const oldest = await ask<PageOf<SessionScoreResponse>>(pawl, `${pathOf(id)}?order=asc`);
    expect(oldest.data.map(({ position }) => position)).toEqual([1, 2]);
  });

  test.each<[string, object]>([
    ['name', { value: 1 }],
    ['name', { name: 'Very Helpful', value: 1 }],
    ['name', { name: `a${'b'.repeat(63)}`, value: 1 }],
    ['value', { name: 'helpful' }],
    ['value', { name: 'helpful', value: 1.01 }],
    ['value', { name: 'helpful', value: -0.1 }],
    ['value', { name: 'helpful', value: '1' }],
    ['value', { name: 'helpful', value: null }],
    ['comment', { name: 'helpful', value: 1, comment: 'x'.repeat(2001) }],
    ['comment', { name: 'helpful', value: 1, comment: 'a\0b' }],
    ['agent_id', { name: 'helpful', value: 1, agent_id: 'agent_2' }],
    ['', { name: 'helpful', value: 1, weight: 2 }],
  ])('is refused for its %s: %j', async (field, body) => {
    const id = await newSession();
    const refused = await refusal(pawl, pathOf(id), body);
    expect(refused).toMatchObject({ status: 400, code: 'invalid_request' });
    expect(refused.message).toContain(field === '' ? 'weight' : `${field}: `);
    expect(await all(pawl, pathOf(id))).toEqual([]);
  });

  test('of a session that is not there is refused', async () => {
    const id = await newSession();
    await pawl.client.beta.sessions.delete(id);
    for (const gone of [id, 'sesn_1', 'nothing']) {
      const missing = { status: 404, code: 'session_not_found' };
      expect(await refusal(pawl, pathOf(gone), { name: 'helpful', value: 1 })).toMatchObject(missing);
      expect(await refusal(pawl, pathOf(gone))).toMatchObject(missing);
    }
  });
});

describe('From the terminal', { timeout: 60_000 }, () => {
  const run = (...args: string[]): Promise<Finished> =>
    command(args, { env: { PAWL_URL: pawl.url, PAWL_KEY: pawl.key } });

  test('a score is given and listed', async () => {
    const id = await newSession();
    const given = await run('score', 'add', id, 'helpful', '0.5', '--comment', 'Right, but late');
    expect(given).toEqual({ code: 0, stderr: '', stdout: `${id} has the score helpful = 0.5.\n` });
    expect((await run('score', 'add', id, 'helpful', 'true', '-o', 'json')).stdout).toContain('"value": 1');
    const { stdout } = await run('score', 'list', id);
    expect(stdout).toMatch(/^NAME .*\nhelpful +1 .*\nhelpful +0\.5 .* Right, but late\n$/);
  });

  test('what is no score ends with 3 and says why', async () => {
    const id = await newSession();
    const wrong = await run('score', 'add', id, 'helpful', '2');
    expect(wrong).toMatchObject({ code: 3, stdout: '' });
    expect(wrong.stderr).toContain('a number from 0 to 1, or true or false');
    const refused = await run('score', 'add', id, 'Helpful!', '1');
    expect(refused).toMatchObject({ code: 3, stdout: '' });
    expect(refused.stderr).toContain('name: must begin with a small letter');
    expect(await all(pawl, pathOf(id))).toEqual([]);
  });
});
