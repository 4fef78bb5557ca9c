import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ChatRequest } from '../model-requests.ts';
import { startPawl, type TestPawl } from '../pawl.ts';
import { makeSetting } from '../story.ts';
import { type CountedModel, lastWord, plainCases, startCountedModel } from './counted-model.ts';
import {
  ask,
  type ComparisonResponse,
  completed,
  finished,
  putDataset,
  putEval,
  runToEnd,
  statesOf,
} from './eval-story.ts';

/*
 * The goal: what judges take is counted and limited like everything else, and nothing is judged twice that need not
 * be. The method: a model with a price that counts what it is asked, and that judges as a test says.
 */

let model: CountedModel;
let pawl: TestPawl;
let agentId: string;
let judgeSays: (question: string) => string;
let fails: (question: string) => boolean;

const says = (verdict: string): string => JSON.stringify({ verdict, reason: 'So it is.' });
const isQuestion = (text: string): boolean => text.startsWith('{"task":');
const judge = { type: 'judge', name: 'fair', model: 'claude-judge', rubric: 'It is right.' };

beforeAll(async () => {
  model = await startCountedModel((request, text) =>
    request.system?.startsWith('You judge') === true ? judgeSays(text) : lastWord(text),
  );
  pawl = await startPawl({
    ...{ anthropic_base_url: model.url, anthropic_api_key: 'upstream-key', model_max_retries: '0' },
    // One US dollar for a thousand tokens that are read, and nothing for what is written.
    model_prices: 'claude-*=1000/0',
  });
  const textOf = ({ messages }: ChatRequest): string => messages.at(-1)?.text ?? '';
  model.when((request) => isQuestion(textOf(request)) && fails(textOf(request)), { status: 500 });
});
afterAll(async () => {
  await pawl.server.close();
  await model.close();
});
beforeEach(async () => {
  agentId = (await makeSetting(pawl.client)).agent.id;
  judgeSays = () => says('pass');
  fails = () => false;
  model.sinceLastLook();
});

/** An eval of 20 cases with this judge. */
async function judgedEval(
  name: string,
  { scorer = {}, ...fields }: { scorer?: object; [field: string]: unknown } = {},
) {
  await putDataset(pawl, name, plainCases(20, name));
  const whole = { name, agent: agentId, dataset: name, concurrency: 2, ...fields };
  await putEval(pawl, { ...whole, scorers: ['exact', { ...judge, ...scorer }] });
}

/** Replies that people have passed and failed in turn. */
async function putLabelled(name: string): Promise<void> {
  const cases = Array.from({ length: 20 }, (_, i) => ({
    id: `l${i}`,
    fields: { question: `labelled ${i}`, reply: i % 2 === 0 ? 'good' : 'bad' },
    target: i % 2 === 0 ? 'pass' : 'fail',
  }));
  await putDataset(
    pawl,
    name,
    cases.map(({ fields, ...one }) => ({ ...one, ...fields })),
  );
}

const judgements = (): number =>
  [...model.asked].reduce(
    (sum, [text, times]) => sum + (isQuestion(text) && text.includes('labelled') ? times : 0),
    0,
  );

describe('A price limit', () => {
  test('holds where replies that are there are judged', async () => {
    await putDataset(pawl, 'rejudged', plainCases(20, 'rejudged'));
    const whole = { name: 'rejudged', agent: agentId, dataset: 'rejudged', concurrency: 1 };
    await putEval(pawl, whole);
    await completed(pawl, 'rejudged');
    model.sinceLastLook();
    await putEval(pawl, { ...whole, scorers: [{ ...judge, votes: 1 }], limits: { max_cost_usd: 1 } });
    const { run, results } = await runToEnd(pawl, 'rejudged');
    expect(run.error).toMatch(/^The run has cost \d\.\d{4} US dollars, more than max_cost_usd 1$/);
    const asked = model.sinceLastLook();
    expect(asked).toBeGreaterThan(0);
    expect(asked).toBeLessThan(20);
    expect(results).toHaveLength(asked);
    expect(run.counts).toMatchObject({ done: asked, reused: asked });
  });

  test('does not stop a run whose judge could once not be asked', async () => {
    fails = (question) => question.includes('unjudged 3 ');
    const limits = { max_cost_usd: 1000, max_attempts: 1 };
    await judgedEval('unjudged', { limits });
    const { run } = await completed(pawl, 'unjudged');
    expect(run.counts.scores['fair']).toEqual({ sum: 19, count: 19, unscored: 1 });
    expect(run.counts.cost_usd).toBeGreaterThan(0);
  });

  test('is refused before anything is asked where the price of a judge is not known', async () => {
    await judgedEval('unpriced-judge', { limits: { max_cost_usd: 1 }, scorer: { model: 'other-judge' } });
    const { run } = await runToEnd(pawl, 'unpriced-judge');
    expect(run.error).toBe(
      'max_cost_usd is set, but the price of anthropic/other-judge is not known: add it to PAWL_PRICES_FILE or PAWL_MODEL_PRICES',
    );
    expect(model.sinceLastLook()).toBe(0);
  });
});

test('A judge whose session breaks is asked again', async () => {
  const seen = new Set<string>();
  fails = (question) => seen.size < seen.add(question).size;
  await judgedEval('patient');
  const { run } = await completed(pawl, 'patient');
  expect(run.counts.scores['fair']).toEqual({ sum: 20, count: 20, unscored: 0 });
  expect(seen.size).toBe(20);
});

test('Votes that wait for each other are not late, whatever one scorer may take', async () => {
  const slow = await startPawl({
    ...{ anthropic_base_url: `${model.url}/l/300`, anthropic_api_key: 'upstream-key' },
  });
  const { agent } = await makeSetting(slow.client);
  await putDataset(slow, 'waiting', plainCases(1, 'waiting'));
  const scorers = [{ ...judge, votes: 9 }];
  const limits = { scorer_timeout_ms: 2000 };
  await putEval(slow, {
    name: 'waiting',
    agent: agent.id,
    dataset: 'waiting',
    concurrency: 1,
    scorers,
    limits,
  });
  const { run } = await completed(slow, 'waiting');
  expect(run.counts.scores['fair']).toEqual({ sum: 1, count: 1, unscored: 0 });
  await slow.server.close();
});

describe('The agreement of a judge with people', () => {
  const agreeing = (question: string): string => says(question.includes('"answer":"bad"') ? 'fail' : 'pass');

  test('is measured once for both runs of a comparison, and one of them pays for it', async () => {
    judgeSays = agreeing;
    await putLabelled('measured-labels');
    await pawl.client.beta.agents.update(agentId, { version: 1, system: 'Be brief.' });
    await judgedEval('measured', { scorer: { agreement: { dataset: 'measured-labels' } } });
    const before = judgements();
    const made = await ask<ComparisonResponse>(pawl, '/comparisons', { eval: 'measured' });
    const states = await statesOf<ComparisonResponse>(pawl, `/comparisons/${made.id}/stream`);
    expect(states.at(-1)).toMatchObject({ status: 'completed' });
    expect(judgements() - before).toBe(40);
    const runs = [];
    for (const { id } of [made.baseline, made.candidate]) runs.push(await finished(pawl, { id }));
    const agreement = { tpr: 1, tnr: 1, n: 20 };
    const extra: number[] = [];
    for (const { run, results } of runs) {
      expect(run.plan?.scorers[1]).toMatchObject({ name: 'fair', agreement });
      const paid = results.reduce(
        (sum, { outcome, scores }) => sum + (outcome?.cost_usd ?? 0) + (scores['fair']?.cost_usd ?? 0),
        0,
      );
      extra.push((run.counts.cost_usd ?? 0) - paid);
    }
    const [least, most] = extra.toSorted((a, b) => a - b);
    expect(least).toBeCloseTo(0, 6);
    expect(most).toBeGreaterThan(0.01);
  });

  test('is not kept where the judge leaves more than a few unscored, and what it cost is counted', async () => {
    await putLabelled('vague-labels');
    judgeSays = (question) => (/labelled (3|4)"/.test(question) ? 'I cannot tell.' : agreeing(question));
    const scorer = { rubric: 'It is quite right.', agreement: { dataset: 'vague-labels' } };
    await judgedEval('vague', { scorer });
    const { run } = await runToEnd(pawl, 'vague');
    expect(run).toMatchObject({ status: 'failed', plan: null, counts: { done: 0 } });
    expect(run.error).toMatch(/^The judge fair left 2 of 20 labelled replies unscored, more than 5 %/);
    expect(run.counts.cost_usd).toBeGreaterThan(0.01);
    judgeSays = agreeing;
    const again = await completed(pawl, 'vague');
    expect(again.run.plan?.scorers[1]?.agreement).toMatchObject({ tpr: 1, tnr: 1, n: 20 });
  });
});
