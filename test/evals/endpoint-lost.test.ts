import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openRows } from '../database-rows.ts';
import { startPawl } from '../pawl.ts';
import { freshFolder } from '../pawl-process.ts';
import { plainCases } from './counted-model.ts';
import type { Interference, Passing } from './endpoint-proxy.ts';
import { ask, completed, finished, putDataset, putEval, refusal, runToEnd, startRun } from './eval-story.ts';
import {
  opensSession,
  type RemoteSetting,
  startRemoteSetting,
  streamsEvents,
  targetAt,
} from './remote-setting.ts';

/*
 * The goal: an endpoint that is not what it was, that goes away or says nothing, costs a run its end and nothing
 * that was done before. The method: as in endpoint.test.ts.
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

describe('An endpoint that gives another version', () => {
  test('for a session fails the run, which names both', async () => {
    await at.remoteEval('other-session', { concurrency: 1 });
    at.proxy.interfere((passing) =>
      opensSession(passing) ? { rewrite: (text) => text.replace('"version":1', '"version":7') } : null,
    );
    const { run, results } = await runToEnd(at.pawl, 'other-session');
    expect(run.status).toBe('failed');
    expect(run.error).toMatch(/version 7.* not at 1/);
    expect(run.counts).toMatchObject({ done: 0, errors: 1, scores: {} });
    expect(results).toMatchObject([{ error: { kind: 'wrong_version' } }]);
    expect(at.model.sinceLastLook()).toBe(0);
  });

  test('than was asked for starts no run', async () => {
    await at.remoteEval('other-agent');
    at.proxy.interfere(({ path }) =>
      path.includes('/agents/') ? { rewrite: (text) => text.replace('"version":1', '"version":7') } : null,
    );
    expect(await refusal(at.pawl, '/eval_runs', { eval: 'other-agent', agent_version: 1 })).toMatchObject({
      ...{
        status: 502,
        code: 'endpoint_failed',
        message: expect.stringMatching(/version 7 .* 1 was asked for/),
      },
    });
  });

  test('once the run has been made fails it, which names both', async () => {
    await at.remoteEval('later-agent');
    let asked = 0;
    at.proxy.interfere(({ path }) =>
      path.includes('/agents/') && ++asked > 1
        ? { rewrite: (text) => text.replace('"version":1', '"version":7') }
        : null,
    );
    const { run } = await runToEnd(at.pawl, 'later-agent');
    expect(run.status).toBe('failed');
    expect(run.error).toMatch(/version 7 .* 1 was asked for/);
    expect(at.model.sinceLastLook()).toBe(0);
  });
});

describe('An endpoint that is gone', () => {
  test('half way fails the run in a sentence, and after its return the rest is done', async () => {
    await at.remoteEval('half-way', { cases: 40, concurrency: 4, limits: { max_attempts: 1 } });
    let sessions = 0;
    at.proxy.interfere((passing) => {
      if (opensSession(passing) && ++sessions === 20) void at.proxy.die();
      return null;
    });
    const { run, results } = await runToEnd(at.pawl, 'half-way');
    expect(run.status).toBe('failed');
    expect(run.error).toMatch(
      /^The sessions of 5 of 40 cases broke, more than max_error_share 0\.1 allows\. The last/,
    );
    expect(run.error).toContain('the endpoint cannot be reached (ECONN');
    const done = results.filter(({ status }) => status === 'done');
    expect(done.length).toBeGreaterThan(0);
    await at.proxy.revive();
    at.proxy.interfere(() => null);
    const again = await ask<typeof run>(at.pawl, `/eval_runs/${run.id}/resume`, {});
    expect(again).toMatchObject({ status: expect.stringMatching(/pending|running/), error: null });
    const after = await finished(at.pawl, run);
    expect(after.run).toMatchObject({ status: 'completed', error: null, counts: { done: 40, errors: 0 } });
    expect(after.run.counts.scores['exact']).toEqual({ sum: 36, count: 40, unscored: 0 });
    expect(after.results).toHaveLength(40);
    expect(after.results.filter(({ position }) => done.some((one) => one.position === position))).toEqual(
      done,
    );
    const asked = [...at.model.asked].filter(([text]) => text.startsWith('half-way'));
    const twice = asked.filter(([, times]) => times > 1).map(([text]) => text.split(' ')[1]);
    expect(twice.filter((number) => done.some(({ position }) => String(position) === number))).toEqual([]);
  });

  test('from the start refuses the run in a sentence', async () => {
    await at.remoteEval('never-there');
    await at.proxy.die();
    expect(await refusal(at.pawl, '/eval_runs', { eval: 'never-there' })).toEqual({
      ...{ status: 502, code: 'endpoint_failed' },
      message: 'the endpoint cannot be reached (ECONNREFUSED)',
    });
    await at.proxy.revive();
  });
});

describe('An endpoint that is silent', () => {
  test.each([
    ['when a session is opened', opensSession],
    ['when events are asked for', streamsEvents],
  ])('%s is waited for as long as timeout_ms says', async (name, fits) => {
    const evalName = name.replaceAll(' ', '-');
    const limits = { timeout_ms: 300, max_attempts: 1, max_error_share: 0.2 };
    await at.remoteEval(evalName, { cases: 10, limits });
    let count = 0;
    at.proxy.interfere((passing) => (fits(passing) && ++count === 2 ? 'hang' : null));
    const { run, results } = await completed(at.pawl, evalName);
    expect(run.counts).toMatchObject({ done: 9, errors: 1, scores: { exact: { count: 9 } } });
    const broken = results.filter(({ status }) => status === 'error');
    expect(broken).toMatchObject([
      { error: { kind: 'timeout', message: 'the turn was not over within 0.3 seconds' } },
    ]);
  });

  test('in the middle of everything does not keep this server from closing, and the run waits for the next one', async () => {
    const data_dir = freshFolder();
    const own = await startPawl({ ...targetAt(at.proxy), data_dir });
    await putDataset(own, 'stuck', plainCases(5, 'stuck'));
    await putEval(own, { name: 'stuck', agent: at.agent_id, dataset: 'stuck', endpoint: 'other' });
    const hung = Promise.withResolvers<void>();
    at.proxy.interfere(({ method }) => {
      if (method !== 'POST') return null;
      hung.resolve();
      return 'hang';
    });
    await startRun(own, 'stuck');
    await hung.promise;
    await own.server.close();
    const rows = await openRows({ data_dir });
    expect(await rows.query('select status, error from eval_runs')).toEqual([
      { status: 'pending', error: null },
    ]);
    await rows.close();
  });
});

describe('An agent that waits for the result of a tool', () => {
  const path = /sessions\/\w+\/events$/;
  const call = { type: 'agent.custom_tool_use', name: 'look_up', input: { city: 'Oslo' } };

  /** Turns every reply into the call of a tool; the stream is cut short, so that the list is read. */
  function callATool(passing: Passing): Interference | null {
    if (streamsEvents(passing)) return { cut_at: 'session.status_running', neatly: true };
    if (passing.method !== 'GET' || !path.test(passing.path)) return null;
    return {
      rewrite: (text) => {
        const page = JSON.parse(text) as { data: { type: string; id: string }[] };
        const event_ids = page.data.flatMap(({ type, id }) => (type === 'agent.message' ? [id] : []));
        const data = page.data.map((event) => {
          if (event.type === 'agent.message') return { ...call, id: event.id };
          const stop_reason = { type: 'requires_action', event_ids };
          return event.type === 'session.status_idle' ? { ...event, stop_reason } : event;
        });
        return JSON.stringify({ ...page, data });
      },
    };
  }

  test('has given an answer where calls are scored, and none where text is', async () => {
    at.proxy.interfere(callATool);
    const limits = { max_error_share: 1 };
    const scorers = [{ type: 'tool_calls', expected: [{ name: 'look_up', input: { city: 'Oslo' } }] }];
    await at.remoteEval('calls', { cases: 3, limits, reply: 'tool_calls', scorers });
    const { run, results } = await completed(at.pawl, 'calls');
    expect(run.counts).toMatchObject({ done: 3, errors: 0, scores: { tool_calls: { sum: 3, count: 3 } } });
    expect(results[0]?.outcome?.tool_calls).toEqual([{ name: 'look_up', input: { city: 'Oslo' } }]);
    expect(at.model.sinceLastLook()).toBe(3);

    await at.remoteEval('calls', { cases: 3, limits });
    const text = await completed(at.pawl, 'calls');
    expect(text.run.counts).toMatchObject({ done: 0, errors: 3, scores: {} });
    expect(text.results).toMatchObject(
      Array.from({ length: 3 }, () => ({
        ...{ status: 'error', scores: {} },
        error: {
          kind: 'needs_action',
          message: 'the agent called the tool look_up, which nobody has answered; in an eval, nobody does',
        },
      })),
    );
    expect(at.model.sinceLastLook()).toBe(3);
  });
});
