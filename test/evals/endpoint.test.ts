import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { completed, refusal, runToEnd } from './eval-story.ts';
import { opensSession, type RemoteSetting, startRemoteSetting, streamsEvents } from './remote-setting.ts';

/*
 * The goal: whatever an endpoint does, no case is scored wrong for it, and what went wrong is said in one sentence.
 * The method: runs against another server through a proxy that spoils requests in one way per test.
 */

let at: RemoteSetting;

beforeAll(async () => {
  at = await startRemoteSetting();
});
afterAll(() => at.close());
beforeEach(() => {
  at.proxy.interfere(() => null);
  at.model.sinceLastLook();
});

const everything = { done: 20, errors: 0, scores: { exact: { sum: 18, count: 20, unscored: 0 } } };

describe('An endpoint that is in order', () => {
  test('is asked for everything, and this server opens no session', async () => {
    await at.remoteEval('in-order');
    const { run } = await completed(at.pawl, 'in-order');
    expect(run).toMatchObject({ endpoint: 'other', counts: everything, plan: { agent_name: 'triage' } });
    expect(run.counts.served_by).toEqual({ 'anthropic/claude-test': 20 });
    expect(at.model.sinceLastLook()).toBe(20);
    expect((await at.pawl.client.beta.sessions.list()).data).toEqual([]);
    expect(await completed(at.pawl, 'in-order')).toMatchObject({ run: { counts: { reused: 20 } } });
  });

  test('is given its own key and not this server’s', async () => {
    const agent = await at.pawl.client.beta.agents.create({ name: 'here', model: 'm' });
    await at.remoteEval('at-home', { agent: agent.id });
    expect(await refusal(at.pawl, '/eval_runs', { eval: 'at-home' })).toMatchObject({
      ...{ status: 404, code: 'agent_not_found', message: expect.stringContaining(agent.id) },
    });
  });
});

describe('An endpoint that is asked too much', () => {
  test('is asked less, and nothing is scored wrong for it', async () => {
    await at.remoteEval('throttled', { cases: 40, concurrency: 16 });
    const open = new Set<string>();
    let most = 0;
    let refused = 0;
    at.proxy.interfere((passing) => {
      const id = /sessions\/(\w+)\/archive/.exec(passing.path)?.[1];
      if (id !== undefined) open.delete(id);
      if (!opensSession(passing)) return null;
      if (open.size >= 4) {
        refused++;
        return { status: 429, retry_after: 0 };
      }
      most = Math.max(most, open.size + 1);
      return {
        rewrite: (text) => {
          open.add((JSON.parse(text) as { id: string }).id);
          return text;
        },
      };
    });
    const { run } = await completed(at.pawl, 'throttled');
    expect(run.counts).toMatchObject({ done: 40, errors: 0, scores: { exact: { sum: 36, count: 40 } } });
    expect(refused).toBeGreaterThan(0);
    expect(at.model.sinceLastLook()).toBe(40);
  });
});

describe('An endpoint that fails now and then', () => {
  test.each([
    ['answers with 500', { status: 500 }],
    ['answers with 503', { status: 503 }],
    ['hangs up', 'cut' as const],
  ])('and %s is asked again', async (name, trouble) => {
    const evalName = name.replaceAll(' ', '-');
    await at.remoteEval(evalName);
    let count = 0;
    at.proxy.interfere((passing) => (opensSession(passing) && ++count % 4 === 0 ? trouble : null));
    const { run } = await completed(at.pawl, evalName);
    expect(run.counts).toMatchObject(everything);
    expect(count).toBeGreaterThan(20);
    expect(at.model.sinceLastLook()).toBe(20);
  });

  test.each([
    ['breaks off', {}],
    ['ends before the turn does', { neatly: true as const }],
  ])('and whose event stream %s is read from its list', async (name, how) => {
    const evalName = name.replaceAll(' ', '-');
    await at.remoteEval(evalName);
    at.proxy.interfere((passing) =>
      streamsEvents(passing) ? { cut_at: 'session.status_running', ...how } : null,
    );
    const { run, results } = await completed(at.pawl, evalName);
    expect(run.counts).toMatchObject(everything);
    expect(at.model.sinceLastLook()).toBe(20);
    for (const { outcome } of results) {
      expect(outcome?.usage.output_tokens).toBeGreaterThan(0);
      const list = `/v1/sessions/${outcome?.session_id}/events`;
      expect(at.proxy.requests.some(({ method, path }) => method === 'GET' && path === list)).toBe(true);
    }
  });

  test('leaves an error, and no score, where it fails as often as is tried', async () => {
    await at.remoteEval('broken-one', { limits: { max_attempts: 2, max_error_share: 0.1 } });
    at.proxy.interfere((passing) =>
      opensSession(passing) && passing.body.includes('"c0003"') ? { status: 500 } : null,
    );
    const { run, results } = await completed(at.pawl, 'broken-one');
    expect(run.counts).toMatchObject({ done: 19, errors: 1, scores: { exact: { sum: 17, count: 19 } } });
    expect(results[3]).toMatchObject({
      ...{ case_id: 'c0003', status: 'error', scores: {}, outcome: null, reading: null },
      error: {
        ...{ kind: 'endpoint', session_id: null },
        message: 'the endpoint answered with status 500: The proxy says 500.',
      },
    });
    const asked = at.proxy.requests.filter((one) => opensSession(one) && one.body.includes(`"${run.id}"`));
    expect(asked.filter(({ body }) => body.includes('"c0003"'))).toHaveLength(2);
  });

  test('does not fail a run for one session that somebody has deleted', async () => {
    await at.remoteEval('one-gone');
    let gone = 0;
    at.proxy.interfere((passing) => (streamsEvents(passing) && gone++ === 0 ? { status: 404 } : null));
    expect((await completed(at.pawl, 'one-gone')).run.counts).toMatchObject(everything);
  });
});

describe('An endpoint that refuses', () => {
  test.each([
    [401, 'The proxy says 401.'],
    [403, 'The proxy says 403.'],
  ])('with %d fails the run at once, in its words', async (status, words) => {
    const name = `refuses-${status}`;
    await at.remoteEval(name, { concurrency: 1 });
    let sessions = 0;
    at.proxy.interfere((passing) => (opensSession(passing) && ++sessions > 3 ? { status } : null));
    const { run } = await runToEnd(at.pawl, name);
    expect(run).toMatchObject({
      ...{ status: 'failed', error: `the endpoint answered with status ${status}: ${words}` },
      counts: { done: 3, errors: 1, scores: { exact: { sum: 3, count: 3 } } },
    });
    expect(sessions).toBe(4);
  });

  test('before the run begins is passed on', async () => {
    await at.remoteEval('refused-before');
    at.proxy.interfere(() => ({ status: 401 }));
    expect(await refusal(at.pawl, '/eval_runs', { eval: 'refused-before' })).toEqual({
      ...{ status: 502, code: 'endpoint_failed' },
      message: 'the endpoint answered with status 401: The proxy says 401.',
    });
  });
});
