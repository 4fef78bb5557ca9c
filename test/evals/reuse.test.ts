import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startPawl, type TestPawl } from '../pawl.ts';
import { makeSetting } from '../story.ts';
import { type CountedModel, plainCases, startCountedModel } from './counted-model.ts';
import { completed, putDataset, putEval, valuesOf } from './eval-story.ts';

/*
 * The goal: what has been paid for is not paid for again, and nothing is passed off as measured that was measured
 * under other circumstances. The method: the model counts what it is asked.
 */

let model: CountedModel;
let pawl: TestPawl;
let agentId: string;

beforeAll(async () => {
  model = await startCountedModel();
  pawl = await startPawl({
    ...{ anthropic_base_url: model.url, anthropic_api_key: 'upstream-key' },
    model_prices: '*=1/2',
  });
});
afterAll(async () => {
  await pawl.server.close();
  await model.close();
});
beforeEach(async () => {
  agentId = (await makeSetting(pawl.client)).agent.id;
  model.sinceLastLook();
});

/** An eval of 20 cases of its own, and a first run of it. */
async function measured(name: string, fields: Readonly<Record<string, unknown>> = {}) {
  const cases = plainCases(20, name);
  await putDataset(pawl, name, cases);
  const whole = { name, agent: agentId, dataset: name, ...fields };
  await putEval(pawl, whole);
  const { run, results } = await completed(pawl, name);
  expect(model.sinceLastLook()).toBe(run.counts.total);
  return { name, cases, whole, run, results };
}

async function countSessions(): Promise<number> {
  let count = 0;
  for await (const _ of pawl.client.beta.sessions.list({ limit: 100, include_archived: true })) count++;
  return count;
}

test('A second run of the same costs nothing, and says so', async () => {
  const before = await measured('same');
  expect(before.run.counts).toMatchObject({ done: 20, reused: 0, scores: { exact: { sum: 18, count: 20 } } });
  expect(before.run.counts.cost_usd).toBeGreaterThan(0);
  const sessions = await countSessions();
  const { run, results } = await completed(pawl, 'same');
  expect(run.id).not.toBe(before.run.id);
  expect(run.counts).toEqual({
    ...before.run.counts,
    ...{ reused: 20, cost_usd: 0 },
    usage: { input_tokens: 0, output_tokens: 0, cache_read_tokens: 0, cache_write_tokens: 0 },
  });
  expect(results.map(({ scores, outcome, reading }) => ({ scores, outcome, reading }))).toEqual(
    before.results.map(({ scores, outcome, reading }) => ({ scores, outcome, reading })),
  );
  expect(new Set(results.map(({ reused_from }) => reused_from))).toEqual(new Set([before.run.id]));
  expect(model.sinceLastLook()).toBe(0);
  expect(await countSessions()).toBe(sessions);
});

test('What was reused is credited to the run that paid for it', async () => {
  const before = await measured('credited');
  await completed(pawl, 'credited');
  const { results } = await completed(pawl, 'credited');
  expect(new Set(results.map(({ reused_from }) => reused_from))).toEqual(new Set([before.run.id]));
});

test('A fresh run asks again', async () => {
  await measured('again');
  const { run } = await completed(pawl, 'again', { fresh: true });
  expect(run).toMatchObject({ fresh: true, counts: { done: 20, reused: 0 } });
  expect(model.sinceLastLook()).toBe(20);
  const after = await completed(pawl, 'again');
  expect(new Set(after.results.map(({ reused_from }) => reused_from))).toEqual(new Set([run.id]));
});

test('Another scorer looks at the replies that are there', async () => {
  const { whole } = await measured('rescored');
  const sessions = await countSessions();
  const wrong = { type: 'contains', name: 'wrong', texts: ['wrong'] };
  await putEval(pawl, { ...whole, scorers: ['exact', wrong] });
  const { run } = await completed(pawl, 'rescored');
  expect(run.counts).toMatchObject({
    ...{ reused: 20, cost_usd: 0 },
    scores: { exact: { sum: 18, count: 20 }, wrong: { sum: 2, count: 20 } },
  });
  expect(model.sinceLastLook()).toBe(0);
  expect(await countSessions()).toBe(sessions);
});

test('Another way of reading looks at the replies that are there', async () => {
  const { whole } = await measured('reread');
  await putEval(pawl, { ...whole, reply: { regex: '[a-z]+' } });
  const { run } = await completed(pawl, 'reread');
  expect(run.counts).toMatchObject({ reused: 20, scores: { exact: { sum: 0, count: 20 } } });
  expect(model.sinceLastLook()).toBe(0);
});

test('A target that was corrected is scored again, and not asked again', async () => {
  const { cases } = await measured('corrected');
  await putDataset(
    pawl,
    'corrected',
    cases.map((one, i) => (i === 9 ? { ...one, target: 'wrong' } : one)),
  );
  const { run, results } = await completed(pawl, 'corrected');
  expect(run.counts).toMatchObject({ reused: 20, scores: { exact: { sum: 19, count: 20 } } });
  expect(valuesOf(results)['c0009']).toEqual([1]);
  expect(model.sinceLastLook()).toBe(0);
});

test('Only cases that ask something else are asked again', async () => {
  const { cases } = await measured('edited');
  const edited = cases.map((one, i) => (i < 3 ? { ...one, input: `edited ${i} answer${i}` } : one));
  await putDataset(pawl, 'edited', [...edited, { id: 'new', input: 'new word', target: 'word' }]);
  const { run } = await completed(pawl, 'edited');
  expect(run.counts).toMatchObject({ total: 21, done: 21, reused: 17 });
  expect(model.sinceLastLook()).toBe(4);
});

test('Another version is asked for itself, and one that says the same as an earlier one is not', async () => {
  const { whole } = await measured('versions');
  const { agents } = pawl.client.beta;
  await agents.update(agentId, { version: 1, system: 'Be brief.' });
  const { run } = await completed(pawl, 'versions');
  expect(run).toMatchObject({ agent_version: 2, counts: { reused: 0 } });
  expect(model.sinceLastLook()).toBe(20);
  await agents.update(agentId, { version: 2, system: null });
  const third = await completed(pawl, 'versions');
  expect(third.run).toMatchObject({ agent_version: 3, counts: { reused: 20 } });
  expect(third.run.plan?.config_hash).not.toBe(run.plan?.config_hash);
  const other = await makeSetting(pawl.client, { system: 'Be brief.' });
  await putEval(pawl, { ...whole, agent: other.agent.id });
  expect(await completed(pawl, 'versions')).toMatchObject({ run: { counts: { reused: 20 } } });
  expect(model.sinceLastLook()).toBe(0);
});

test('More epochs take the first ones over', async () => {
  await measured('epochs', { epochs: 2 });
  const more = await completed(pawl, 'epochs', { epochs: 3 });
  expect(more.run.counts).toMatchObject({ total: 60, done: 60, reused: 40 });
  expect(model.sinceLastLook()).toBe(20);
  const asked = more.results.filter(({ reused_from }) => reused_from === null);
  expect(new Set(asked.map(({ epoch }) => epoch))).toEqual(new Set([3]));
  const fewer = await completed(pawl, 'epochs', { epochs: 1 });
  expect(fewer.run.counts).toMatchObject({ total: 20, reused: 20 });
  expect(model.sinceLastLook()).toBe(0);
});

test('Cases that ask the same are each asked, and each keeps its own reply', async () => {
  const answers = ['one', 'two', 'three'];
  const twins = answers.map((target, i) => ({ id: `twin${i}`, input: 'Say what you like', target }));
  await putDataset(pawl, 'twins', twins);
  await putEval(pawl, { name: 'twins', agent: agentId, dataset: 'twins', concurrency: 1 });
  model.script(answers.map((text) => ({ text })));
  const first = await completed(pawl, 'twins');
  expect(valuesOf(first.results)).toEqual({ twin0: [1], twin1: [1], twin2: [1] });
  const second = await completed(pawl, 'twins');
  expect(second.run.counts).toMatchObject({ reused: 3 });
  expect(valuesOf(second.results)).toEqual(valuesOf(first.results));
});

test('A run does not take its own replies for those of another', async () => {
  const echoes = Array.from({ length: 410 }, (_, i) => ({
    id: `e${i}`,
    input: 'The same echo',
    target: 'echo',
  }));
  await putDataset(pawl, 'echoes', echoes);
  await putEval(pawl, { name: 'echoes', agent: agentId, dataset: 'echoes', concurrency: 64 });
  const { run } = await completed(pawl, 'echoes');
  expect(run.counts).toMatchObject({ done: 410, reused: 0 });
  expect(model.sinceLastLook()).toBe(410);
});
