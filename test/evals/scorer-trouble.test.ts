import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startPawl, type TestPawl } from '../pawl.ts';
import { makeSetting } from '../story.ts';
import { type CountedModel, lastWord, plainCases, startCountedModel } from './counted-model.ts';
import { ask, completed, finished, putDataset, putEval, runToEnd, valuesOf } from './eval-story.ts';

/*
 * The goal: a scorer that cannot tell never counts as a wrong answer, says why, and stands in nobody's way. The
 * method: modules, an endpoint and a judge that go wrong for one case out of ten.
 */

const modules: Readonly<Record<string, string>> = {
  'good.mjs': 'export default ({ case: one, outcome }) => outcome.reply === one.target;',
  'throws.mjs': `export default ({ case: one }) => {
    if (one.id === 'c0004') throw new Error('I cannot do fours');
    return 1;
  };`,
  'hangs.mjs': `export default ({ case: one }) => {
    if (one.id === 'c0004') while (true);
    return 1;
  };`,
  'never.mjs': `export default ({ case: one }) => (one.id === 'c0004' ? new Promise(() => {}) : 1);`,
  'nan.mjs': `export default ({ case: one }) => (one.id === 'c0004' ? Number.NaN : 0.5);`,
  'large.mjs': `export default ({ case: one }) => ({ value: one.id === 'c0004' ? 2 : 1, reason: 'so' });`,
  'exits.mjs': `export default ({ case: one }) => {
    if (one.id === 'c0004') process.exit(3);
    return 1;
  };`,
  'broken.mjs': 'export default (',
  'empty.mjs': 'export const score = 1;',
};

let folder: string;
let model: CountedModel;
let pawl: TestPawl;
let agentId: string;
let scoreUrl: string;
let judgeSays: (question: string, vote: number) => string = () => '';
const httpScorer = createServer((incoming, response) => {
  let body = '';
  incoming.on('data', (piece) => {
    body += piece;
  });
  incoming.on('end', () => {
    const { case: one } = JSON.parse(body) as { case: { id: string } };
    if (one.id === 'c0004') response.writeHead(500).end('out of order');
    else response.end(JSON.stringify({ value: 1 }));
  });
});

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pawl-scorers-'));
  mkdirSync(join(folder, 'scorers'));
  for (const [name, text] of Object.entries(modules)) writeFileSync(join(folder, 'scorers', name), text);
  writeFileSync(join(folder, 'outside.mjs'), 'export default () => 1;');
  model = await startCountedModel((request, text) =>
    request.system?.startsWith('You judge') === true
      ? judgeSays(text, model.asked.get(text) ?? 0)
      : lastWord(text),
  );
  await new Promise<void>((resolve) => {
    httpScorer.listen(0, '127.0.0.1', resolve);
  });
  scoreUrl = `http://127.0.0.1:${(httpScorer.address() as AddressInfo).port}`;
  pawl = await startPawl({
    ...{ anthropic_base_url: model.url, anthropic_api_key: 'upstream-key' },
    ...{ scorer_dir: join(folder, 'scorers'), scorer_urls: `${scoreUrl}/ours` },
  });
  agentId = (await makeSetting(pawl.client)).agent.id;
  await putDataset(pawl, 'ten', plainCases(10));
  // The replies are there once and for all, so that each test is about scoring alone.
  await putEval(pawl, { name: 'first', agent: agentId, dataset: 'ten' });
  await completed(pawl, 'first');
});
afterAll(async () => {
  await pawl.server.close();
  await model.close();
  httpScorer.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  model.sinceLastLook();
});

const limits = { scorer_timeout_ms: 2000 };
const evalWith = (scorer: object, fields: object = {}): Promise<unknown> =>
  putEval(pawl, { name: 'scored', agent: agentId, dataset: 'ten', limits, scorers: [scorer], ...fields });

describe('A module', () => {
  test('scores with its own function, on replies that are there', async () => {
    await evalWith({ type: 'module', name: 'mine', file: 'good.mjs', binary: true });
    const { run } = await completed(pawl, 'scored');
    expect(run.counts).toMatchObject({ reused: 10, scores: { mine: { sum: 9, count: 10, unscored: 0 } } });
    expect(run.plan?.scorers).toMatchObject([{ name: 'mine', type: 'module', binary: true }]);
    expect(model.sinceLastLook()).toBe(0);
  });

  test.each([
    ['throws', 'throws.mjs', /I cannot do fours/],
    ['never resolves', 'never.mjs', /within 2000 ms/],
    ['gives NaN', 'nan.mjs', /NaN/],
    ['gives more than one', 'large.mjs', /2, which is not from 0 to 1/],
    ['ends its thread', 'exits.mjs', /exit|ended/],
  ])('that %s for one case leaves that case unscored', async (_name, file, reason) => {
    await evalWith({ type: 'module', name: 'mine', file });
    const { run, results } = await completed(pawl, 'scored');
    expect(run.counts).toMatchObject({ done: 10, errors: 0, scores: { mine: { count: 9, unscored: 1 } } });
    const { c0004, ...others } = valuesOf(results, 'mine');
    expect(c0004).toEqual([null]);
    expect(new Set(Object.values(others).flat())).toEqual(new Set([file === 'nan.mjs' ? 0.5 : 1]));
    expect(results[4]?.scores['mine']?.reason).toMatch(reason);
  });

  test('that never returns for one case holds nobody up who comes after it', async () => {
    await evalWith({ type: 'module', name: 'mine', file: 'hangs.mjs' }, { concurrency: 1 });
    const { run, results } = await completed(pawl, 'scored', { fresh: true });
    expect(run.counts.scores['mine']).toEqual({ sum: 9, count: 9, unscored: 1 });
    expect(results[4]?.scores['mine']).toMatchObject({
      value: null,
      reason: expect.stringMatching(/within 2000 ms/),
    });
  });

  test.each([
    ['is not there', 'missing.mjs', /has no missing\.mjs$/],
    ['cannot be read', 'broken.mjs', /broken\.mjs cannot be loaded: /],
    ['has no function', 'empty.mjs', /empty\.mjs cannot be loaded: /],
  ])('that %s fails the run before it costs anything', async (_name, file, message) => {
    await evalWith({ type: 'module', name: 'mine', file });
    const { run, results } = await runToEnd(pawl, 'scored', { fresh: true });
    expect(run).toMatchObject({ status: 'failed', counts: { done: 0 } });
    expect(run.error).toMatch(/^scorers\.mine\.file: /);
    expect(run.error).toMatch(message);
    expect(run.error).not.toContain(folder);
    expect(results).toEqual([]);
    expect(model.sinceLastLook()).toBe(0);
  });

  test('outside of the folder cannot be named', async () => {
    await expect(evalWith({ type: 'module', file: '../outside.mjs' })).rejects.toThrow(
      /scorers\.0\.file: must be/,
    );
  });

  test('that was changed scores again, and a run that began with the old one does not go on', async () => {
    const file = join(folder, 'scorers', 'changing.mjs');
    writeFileSync(file, 'export default () => 1;');
    await evalWith({ type: 'module', name: 'mine', file: 'changing.mjs' });
    const before = await completed(pawl, 'scored');
    writeFileSync(file, 'export default () => 0;');
    const after = await completed(pawl, 'scored');
    expect(after.run.counts).toMatchObject({ reused: 10, scores: { mine: { sum: 0, count: 10 } } });
    expect(after.run.plan?.scorers[0]?.hash).not.toBe(before.run.plan?.scorers[0]?.hash);

    model.when(({ messages }) => /frail 3 /.test(messages.at(-1)?.text ?? ''), { status: 400 });
    await putDataset(pawl, 'frail', plainCases(5, 'frail'));
    const scorers = [{ type: 'module', name: 'mine', file: 'changing.mjs' }];
    const patient = { max_attempts: 1, max_error_share: 1 };
    await putEval(pawl, { name: 'frail', agent: agentId, dataset: 'frail', limits: patient, scorers });
    const { run } = await completed(pawl, 'frail');
    expect(run.counts).toMatchObject({ done: 4, errors: 1 });
    writeFileSync(file, 'export default () => 0.5;');
    await ask(pawl, `/eval_runs/${run.id}/resume`, {});
    const resumed = await finished(pawl, run);
    expect(resumed.run).toMatchObject({
      ...{ status: 'failed', counts: { done: 4, errors: 1 } },
      error: 'The scorer mine has changed since the run began; make a new run',
    });
  });
});

describe('An endpoint that scores', () => {
  test('and fails for one case leaves that case unscored', async () => {
    await evalWith({ type: 'http', name: 'theirs', url: `${scoreUrl}/ours/score` });
    const { run, results } = await completed(pawl, 'scored');
    expect(run.counts).toMatchObject({ done: 10, scores: { theirs: { sum: 9, count: 9, unscored: 1 } } });
    expect(results[4]?.scores['theirs']?.reason).toMatch(/500/);
  });

  test('elsewhere than allowed fails the run', async () => {
    await evalWith({ type: 'http', name: 'theirs', url: `${scoreUrl}/others` });
    const { run } = await runToEnd(pawl, 'scored');
    expect(run.error).toBe(`scorers.theirs.url: must be below what this server allows: ${scoreUrl}/ours`);
  });

  test('is asked again for what it left unscored, and for nothing else', async () => {
    await evalWith({ type: 'http', name: 'theirs', url: `${scoreUrl}/ours/again` });
    const asked: string[] = [];
    httpScorer.on('request', ({ url }) => asked.push(url ?? ''));
    await completed(pawl, 'scored');
    const first = asked.splice(0).length;
    expect(first).toBeGreaterThanOrEqual(10);
    const { run } = await completed(pawl, 'scored');
    expect(run.counts).toMatchObject({ reused: 10, scores: { theirs: { count: 9, unscored: 1 } } });
    // The one that fails is tried twice.
    expect(asked).toHaveLength(first - 9);
  });
});

describe('A judge', () => {
  const judge = { type: 'judge', name: 'fair', model: 'claude-judge', rubric: 'The answer is right.' };
  const verdict = (pass: boolean): string =>
    JSON.stringify({ verdict: pass ? 'pass' : 'fail', reason: pass ? 'It is right.' : 'It is wrong.' });

  test('scores by its votes, in sessions of its own', async () => {
    judgeSays = (question) => verdict(!question.includes('"answer":"wrong"'));
    await evalWith(judge);
    const { run, results } = await completed(pawl, 'scored');
    expect(run.counts).toMatchObject({ reused: 10, scores: { fair: { sum: 9, count: 10, unscored: 0 } } });
    expect(results[9]?.scores['fair']).toMatchObject({ value: 0, reason: 'It is wrong.' });
    expect(model.sinceLastLook()).toBe(20);
    expect(await completed(pawl, 'scored')).toMatchObject({
      run: { counts: { scores: { fair: { sum: 9 } } } },
    });
    expect(model.sinceLastLook()).toBe(0);
  });

  test('that disagrees with itself leaves the case unscored', async () => {
    judgeSays = (question, vote) => verdict(!question.includes('plain 4 ') || vote % 2 === 0);
    await evalWith({ ...judge, rubric: 'The answer is right, or not.' });
    const { run, results } = await completed(pawl, 'scored', { fresh: false });
    expect(run.counts).toMatchObject({ done: 10, errors: 0 });
    const { c0004, ...others } = valuesOf(results, 'fair');
    expect(new Set(Object.values(others).flat())).toEqual(new Set([1]));
    expect([c0004, results[4]?.scores['fair']?.reason]).toEqual([
      [null],
      'the judge disagrees with itself: 1 of 2 votes pass',
    ]);
  });

  test.each([
    ['says nothing of use', 'I would rather not say.', /the judge gave no verdict: the reply is not JSON/],
    ['gives another verdict', '{"verdict":"perhaps"}', /has no verdict that is "pass" or "fail"/],
  ])('that %s leaves every case unscored', async (name, says, reason) => {
    judgeSays = () => says;
    await evalWith({ ...judge, rubric: `A judge that ${name}.` });
    const { run, results } = await completed(pawl, 'scored');
    expect(run.counts).toMatchObject({ done: 10, scores: { fair: { sum: 0, count: 0, unscored: 10 } } });
    for (const { scores } of results) expect(scores['fair']?.reason).toMatch(reason);
  });
});
