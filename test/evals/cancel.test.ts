import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { startServer } from '../../src/server.ts';
import { startGatedModel } from '../gated-model.ts';
import { quietLog, startPawl, type TestPawl, testKey } from '../pawl.ts';
import { eventually, makeSetting } from '../story.ts';
import { type CountedModel, plainCases, startCountedModel } from './counted-model.ts';
import {
  ask,
  completed,
  type EvalRunResponse,
  finished,
  putDataset,
  putEval,
  resultsOf,
  startRun,
  statesOf,
  valuesOf,
} from './eval-story.ts';

/*
 * The goal: a run stops when it is told to and goes on when it is told to, and nothing is done or counted twice. The
 * method: runs that are stopped half way, or while the model holds its answers back.
 */

let model: CountedModel;
let pawl: TestPawl;
let agentId: string;
const complaints: string[] = [];

beforeAll(async () => {
  model = await startCountedModel();
  const complain = (_: object, message: string): void => void complaints.push(message);
  pawl = await startPawl(
    { anthropic_base_url: model.url, anthropic_api_key: 'upstream-key' },
    { log: { ...quietLog, warn: complain, error: complain } },
  );
  agentId = (await makeSetting(pawl.client)).agent.id;
});
afterAll(async () => {
  await pawl.server.close();
  await model.close();
  expect(complaints).toEqual([]);
});
beforeEach(() => {
  model.sinceLastLook();
});

async function plainEval(
  name: string,
  { cases = 100, ...fields }: { readonly cases?: number; readonly [field: string]: unknown } = {},
): Promise<void> {
  await putDataset(pawl, name, plainCases(cases, name));
  await putEval(pawl, { name, agent: agentId, dataset: name, concurrency: 4, ...fields });
}

const change = (id: string, verb: 'cancel' | 'resume'): Promise<EvalRunResponse> =>
  ask(pawl, `/eval_runs/${id}/${verb}`, {});
const stateOf = (id: string): Promise<EvalRunResponse> => ask(pawl, `/eval_runs/${id}`);

/** Starts a run and cancels it once the model was asked a few times. */
async function canceledHalfWay(name: string): Promise<EvalRunResponse> {
  await plainEval(name);
  const { id } = await startRun(pawl, name);
  let asked = 0;
  await eventually('a few requests', () => {
    asked += model.sinceLastLook();
    return asked >= 20;
  });
  return change(id, 'cancel');
}

/** Sessions of a run that are not put away. */
async function openSessions(runId: string): Promise<number> {
  const sessions: unknown[] = [];
  for await (const session of pawl.client.beta.sessions.list({ limit: 100 })) {
    if (session.metadata['pawl_eval_run'] === runId) sessions.push(session);
  }
  return sessions.length;
}

describe('A run that is canceled', () => {
  test('is over at once, writes nothing more, and puts its sessions away', async () => {
    const run = await canceledHalfWay('stopped');
    expect(run).toMatchObject({ status: 'canceled', error: null, ended_at: expect.any(String) });
    expect(run.counts.done).toBeLessThan(100);
    const results = await resultsOf(pawl, run.id);
    await eventually('no session left', async () => (await openSessions(run.id)) === 0);
    expect(await resultsOf(pawl, run.id)).toEqual(results);
    expect(results).toHaveLength(run.counts.done);
    expect(await stateOf(run.id)).toEqual(run);
    expect(await change(run.id, 'cancel')).toEqual(run);
    expect((await statesOf(pawl, `/eval_runs/${run.id}/stream`)).at(-1)).toEqual(run);
  });

  test('goes on when it is resumed, even before it has quite ended', async () => {
    const { id } = await canceledHalfWay('resumed');
    const resumed = await change(id, 'resume');
    expect(resumed).toMatchObject({ status: 'pending', error: null, ended_at: null });
    const before = await resultsOf(pawl, id);
    const { run, results } = await finished(pawl, { id });
    expect(run).toMatchObject({
      status: 'completed',
      counts: { total: 100, done: 100, reused: 0, errors: 0 },
    });
    expect(run.counts.scores['exact']).toEqual({ sum: 90, count: 100, unscored: 0 });
    expect(results).toHaveLength(100);
    const kept = new Set(before.map(({ case_id }) => case_id));
    expect(results.filter(({ case_id }) => kept.has(case_id))).toEqual(before);
    const again = [...model.asked].filter(([text, times]) => text.startsWith('resumed') && times > 1);
    expect(again.length).toBeLessThanOrEqual(4);
  });

  test('may be canceled and resumed over and over', async () => {
    await plainEval('over-and-over');
    const { id } = await startRun(pawl, 'over-and-over');
    for (let round = 1; round <= 5; round++) {
      await eventually('some more requests', () => model.sinceLastLook() > 0);
      expect((await change(id, 'cancel')).status).toBe('canceled');
      expect((await change(id, 'resume')).status).toBe('pending');
    }
    const { run, results } = await finished(pawl, { id });
    expect(run.counts).toMatchObject({ done: 100, scores: { exact: { sum: 90, count: 100 } } });
    expect(Object.keys(valuesOf(results))).toHaveLength(100);
  });
});

describe('Runs that wait', () => {
  test('are those after the fourth', async () => {
    const gated = await startGatedModel();
    const held = await startPawl({ anthropic_base_url: gated.url, anthropic_api_key: 'upstream-key' });
    const { agent } = await makeSetting(held.client);
    await putDataset(held, 'held', plainCases(1));
    await putEval(held, { name: 'held', agent: agent.id, dataset: 'held' });
    const ids: string[] = [];
    for (let i = 0; i < 6; i++) ids.push((await startRun(held, 'held', { fresh: true })).id);
    const [first = '', , , , fifth = '', sixth = ''] = ids;
    const stateOf = (id: string) => ask<EvalRunResponse>(held, `/eval_runs/${id}`);
    const change = (id: string, verb: string) => ask<EvalRunResponse>(held, `/eval_runs/${id}/${verb}`, {});
    const statuses = async () => (await Promise.all(ids.map(stateOf))).map(({ status }) => status);

    const requests = [await gated.next(), await gated.next(), await gated.next(), await gated.next()];
    expect(await statuses()).toEqual([...Array(4).fill('running'), ...Array(2).fill('pending')]);
    expect(await change(first, 'resume')).toMatchObject({ status: 'running' });
    expect(await change(fifth, 'cancel')).toMatchObject({ status: 'canceled', started_at: null });
    for (const request of requests) request.answer('anything');
    (await gated.next()).answer('anything');
    for (const id of ids.filter((one) => one !== fifth)) await finished(held, { id });
    expect(await statuses()).toEqual([...Array(4).fill('completed'), 'canceled', 'completed']);
    expect(await resultsOf(held, fifth)).toEqual([]);

    expect(await change(fifth, 'resume')).toMatchObject({ status: 'pending' });
    (await gated.next()).answer('anything');
    expect((await finished(held, { id: fifth })).run.counts.done).toBe(1);
    expect((await stateOf(sixth)).counts).toMatchObject({ done: 1, reused: 0 });
    await held.server.close();
    await gated.close();
  });
});

describe('A server that stops', () => {
  test('lets go of its runs, and the next one goes on with them when it is to', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pawl-evals-'));
    const settings = { data_dir: folder, anthropic_base_url: model.url, anthropic_api_key: 'upstream-key' };
    const flags = { port: '0', api_key: testKey, ...settings };
    const open = async (for_one_command: boolean) => {
      const { config } = loadConfig({ flags, env: {}, folder: '/nonexistent' });
      const server = await startServer({ config, log: quietLog, for_one_command });
      return { server, place: { url: server.url, key: testKey } };
    };
    const first = await startPawl(settings);
    const { agent } = await makeSetting(first.client);
    await putDataset(first, 'let-go', plainCases(100, 'let-go'));
    await putEval(first, { name: 'let-go', agent: agent.id, dataset: 'let-go', concurrency: 4 });
    const { id } = await startRun(first, 'let-go');
    await eventually('a request', () => model.sinceLastLook() > 0);
    await first.server.close();

    const second = await open(true);
    const left = await ask<EvalRunResponse>(second.place, `/eval_runs/${id}`);
    expect(left).toMatchObject({ status: 'pending', error: null, ended_at: null });
    expect(left.counts.done).toBeLessThan(100);
    const other = await completed(second.place, 'let-go', { fresh: true });
    expect(other.run.counts.done).toBe(100);
    expect(await ask(second.place, `/eval_runs/${id}`)).toEqual(left);
    await ask(second.place, `/eval_runs/${id}/resume`, {});
    await second.server.close();

    const third = await open(false);
    const { run, results } = await finished(third.place, { id });
    expect(run).toMatchObject({ status: 'completed', counts: { done: 100, errors: 0 } });
    expect(run.counts.scores['exact']).toEqual({ sum: 90, count: 100, unscored: 0 });
    expect(results).toHaveLength(100);
    await third.server.close();
    rmSync(folder, { recursive: true });
  });
});
