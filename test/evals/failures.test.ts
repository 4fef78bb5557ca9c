import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startGatedModel } from '../gated-model.ts';
import type { Fault } from '../model-faults.ts';
import { startPawl, type TestPawl } from '../pawl.ts';
import { makeSetting } from '../story.ts';
import { type CountedModel, plainCases, startCountedModel } from './counted-model.ts';
import {
  all,
  ask,
  completed,
  finished,
  putDataset,
  putEval,
  runToEnd,
  startRun,
  valuesOf,
} from './eval-story.ts';

/*
 * The goal: what broke is never taken for a wrong answer, and a run says what it spent and why it stopped. The
 * method: a model server that fails for the cases that a test names, until the test says that it is well again.
 */

let model: CountedModel;
let pawl: TestPawl;
let agentId: string;
let failing: RegExp | null = null;

beforeAll(async () => {
  model = await startCountedModel();
  pawl = await startPawl({
    ...{ anthropic_base_url: model.url, anthropic_api_key: 'upstream-key', model_max_retries: '0' },
    // One US dollar for a thousand tokens that are read, and nothing for what is written.
    model_prices: 'claude-*=1000/0',
  });
  agentId = (await makeSetting(pawl.client)).agent.id;
  model.when(({ messages }) => failing?.test(messages.at(-1)?.text ?? '') === true, { status: 500 });
});
afterAll(async () => {
  await pawl.server.close();
  await model.close();
});
beforeEach(() => {
  failing = null;
  model.sinceLastLook();
});

async function plainEval(
  name: string,
  { cases = 20, ...fields }: { readonly cases?: number; readonly [field: string]: unknown } = {},
): Promise<void> {
  await putDataset(pawl, name, plainCases(cases, name));
  await putEval(pawl, { name, agent: agentId, dataset: name, concurrency: 4, ...fields });
}

const once = { max_attempts: 1, max_error_share: 0.1 };

describe('A session whose model fails', () => {
  test('leaves an error, which is counted, and no score', async () => {
    await plainEval('model-fails', { limits: once });
    failing = / (3|7) /;
    const { run, results } = await completed(pawl, 'model-fails');
    expect(run.counts).toMatchObject({
      ...{ total: 20, done: 18, errors: 2 },
      scores: { exact: { sum: 16, count: 18, unscored: 0 } },
    });
    const broken = results.filter(({ status }) => status === 'error');
    expect(broken).toMatchObject(
      ['c0003', 'c0007'].map((case_id) => ({
        ...{ case_id, epoch: 1, scores: {}, outcome: null, reading: null, clipped: null, reused_from: null },
        error: { kind: 'model', session_id: expect.stringMatching(/^sesn_/), message: expect.any(String) },
      })),
    );
    expect(await all(pawl, `/eval_runs/${run.id}/results?errors=true&limit=1`)).toEqual(broken);
    expect(valuesOf(results)['c0003']).toEqual([null]);
  });

  test('is tried again, in a session of its own', async () => {
    await plainEval('model-recovers', { cases: 3, limits: { max_attempts: 3 } });
    model.script([{ status: 500 }, { status: 529 }]);
    const { run } = await completed(pawl, 'model-recovers');
    expect(run.counts).toMatchObject({ done: 3, errors: 0, scores: { exact: { sum: 3, count: 3 } } });
    expect(model.sinceLastLook()).toBe(5);
  });

  test('is all that is done when a run with errors is resumed', async () => {
    await plainEval('healed', { limits: once });
    failing = / (3|7) /;
    const before = await completed(pawl, 'healed');
    failing = null;
    model.sinceLastLook();
    await ask(pawl, `/eval_runs/${before.run.id}/resume`, {});
    const { run, results } = await finished(pawl, before.run);
    expect(run).toMatchObject({ status: 'completed', counts: { done: 20, errors: 0 } });
    expect(run.counts.scores['exact']).toEqual({ sum: 18, count: 20, unscored: 0 });
    expect(model.sinceLastLook()).toBe(2);
    expect(results.filter(({ position }) => position !== 3 && position !== 7)).toEqual(
      before.results.filter(({ status }) => status === 'done'),
    );
  });

  test('is not reused by the next run', async () => {
    await plainEval('not-reused', { limits: once });
    failing = / (3|7) /;
    await completed(pawl, 'not-reused');
    failing = null;
    model.sinceLastLook();
    const { run } = await completed(pawl, 'not-reused');
    expect(run.counts).toMatchObject({ done: 20, reused: 18, errors: 0 });
    expect(model.sinceLastLook()).toBe(2);
  });

  test.each<[string, Fault]>([
    ['breaks off', 'reset_midway'],
    ['stops early', 'truncated'],
    ['sends an error in its stream', 'mid_stream_error'],
    ['sends what is no JSON', 'malformed'],
  ])('because it %s is no wrong answer', async (name, fault) => {
    const evalName = name.replaceAll(/\W/g, '-');
    await plainEval(evalName, { cases: 1, limits: { max_attempts: 1, max_error_share: 1 } });
    model.script([fault]);
    const { run, results } = await completed(pawl, evalName);
    expect(run.counts).toMatchObject({ done: 0, errors: 1, scores: {} });
    expect(results).toMatchObject([{ status: 'error', error: { kind: 'model' } }]);
  });
});

describe('A session that ends in another way', () => {
  test('because the model declines has given an answer, and a wrong one', async () => {
    await plainEval('declines', { cases: 2 });
    model.script(['refusal', 'refusal']);
    const { run } = await completed(pawl, 'declines');
    expect(run.counts).toMatchObject({ done: 2, errors: 0, scores: { exact: { sum: 0, count: 2 } } });
  });

  test('because somebody has interrupted it has given none', async () => {
    const gated = await startGatedModel();
    const own = await startPawl({ anthropic_base_url: gated.url, anthropic_api_key: 'upstream-key' });
    const { agent } = await makeSetting(own.client);
    await putDataset(own, 'interrupted', plainCases(1));
    const limits = { max_attempts: 1, max_error_share: 1 };
    await putEval(own, { name: 'interrupted', agent: agent.id, dataset: 'interrupted', limits });
    const run = await startRun(own, 'interrupted');
    const held = await gated.next();
    held.begin('A part of an answer');
    const [session] = (await own.client.beta.sessions.list()).data;
    await own.client.beta.sessions.events.send(session?.id ?? '', { events: [{ type: 'user.interrupt' }] });
    const done = await finished(own, run);
    expect(done.run.counts).toMatchObject({ done: 0, errors: 1, scores: {} });
    expect(done.results).toMatchObject([
      { error: { kind: 'endpoint', message: 'the turn was interrupted from outside' } },
    ]);
    await own.server.close();
    await gated.close();
  });
});

describe('Too many errors', () => {
  test('fail the run, which says how many and names the last', async () => {
    await plainEval('too-many', { concurrency: 1, limits: once });
    failing = / \d /;
    const { run, results } = await runToEnd(pawl, 'too-many');
    expect(run).toMatchObject({ status: 'failed', counts: { errors: 3 } });
    expect(run.error).toMatch(
      /^The sessions of 3 of 20 cases broke, more than max_error_share 0\.1 allows\. The last one: .+/,
    );
    expect(results.filter(({ status }) => status === 'error')).toHaveLength(3);
    expect(run.ended_at).not.toBeNull();
  });

  test('are none at all where the share is zero', async () => {
    await plainEval('none-at-all', { concurrency: 1, limits: { max_attempts: 1, max_error_share: 0 } });
    failing = / 5 /;
    const { run } = await runToEnd(pawl, 'none-at-all');
    expect(run).toMatchObject({ status: 'failed', counts: { done: 5, errors: 1 } });
    expect(model.sinceLastLook()).toBe(6);
  });

  test('leave what was done to be resumed', async () => {
    await plainEval('resumed', { limits: once });
    failing = / \d /;
    const { run } = await runToEnd(pawl, 'resumed');
    failing = null;
    await ask(pawl, `/eval_runs/${run.id}/resume`, {});
    const after = await finished(pawl, run);
    expect(after.run).toMatchObject({ status: 'completed', error: null, counts: { done: 20, errors: 0 } });
    expect(after.run.counts.scores['exact']).toEqual({ sum: 18, count: 20, unscored: 0 });
  });
});

describe('A run with a price limit', () => {
  test('counts what every case has cost', async () => {
    await plainEval('priced', { limits: { max_cost_usd: 1000 } });
    const { run, results } = await completed(pawl, 'priced');
    const sum = results.reduce((cost, { outcome }) => cost + (outcome?.cost_usd ?? Number.NaN), 0);
    expect(run.counts.cost_usd).toBeCloseTo(sum, 9);
    expect(sum).toBeCloseTo(run.counts.usage.input_tokens / 1000, 9);
    expect(sum).toBeGreaterThan(0);
  });

  test('stops once it is passed, keeps what was paid for, and pays no more when it is resumed', async () => {
    await plainEval('limited', { concurrency: 1, limits: { max_cost_usd: 0.03 } });
    const { run, results } = await runToEnd(pawl, 'limited');
    expect(run.status).toBe('failed');
    expect(run.error).toMatch(/^The run has cost 0\.0\d{3} US dollars, more than max_cost_usd 0\.03$/);
    expect(run.counts.cost_usd).toBeGreaterThan(0.03);
    const asked = model.sinceLastLook();
    expect(run.counts).toMatchObject({ done: asked, errors: 0 });
    expect(results).toHaveLength(asked);
    expect(asked).toBeLessThan(20);

    await ask(pawl, `/eval_runs/${run.id}/resume`, {});
    const again = await finished(pawl, run);
    expect(again.run).toMatchObject({ status: 'failed', error: run.error, counts: run.counts });
    expect(model.sinceLastLook()).toBe(0);

    await putEval(pawl, { name: 'limited', agent: agentId, dataset: 'limited' });
    const raised = await completed(pawl, 'limited');
    expect(raised.run.counts).toMatchObject({ done: 20, reused: asked });
    expect(model.sinceLastLook()).toBe(20 - asked);
  });

  test('does not begin where a price is not known', async () => {
    const other = await makeSetting(pawl.client, { model: 'unpriced' });
    const limits = { max_cost_usd: 1 };
    await plainEval('unpriced', { concurrency: 1, agent: other.agent.id, limits });
    const { run } = await runToEnd(pawl, 'unpriced');
    expect(run).toMatchObject({ status: 'failed', counts: { done: 0, cost_usd: 0 } });
    expect(run.error).toBe(
      'max_cost_usd is set, but the price of anthropic/unpriced is not known: add it to PAWL_PRICES_FILE or PAWL_MODEL_PRICES',
    );
    expect(model.sinceLastLook()).toBe(0);
  });

  test('is not needed for a model without a price', async () => {
    const other = await makeSetting(pawl.client, { model: 'unpriced-too' });
    await plainEval('no-limit', { cases: 3, agent: other.agent.id });
    const { run } = await completed(pawl, 'no-limit');
    expect(run.counts).toMatchObject({ done: 3, cost_usd: null });
  });
});
