import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startPawl, type TestPawl } from '../pawl.ts';
import { makeSetting } from '../story.ts';
import { plainCases } from './counted-model.ts';
import { all, ask, putDataset, putEval, type Refusal, refusal, runToEnd } from './eval-story.ts';

/*
 * The goal: whoever makes a mistake is told which field it is in and what is allowed there, before anything is
 * changed or paid for. The method: one mistake at a time, and a look at what is there before and after.
 */

let pawl: TestPawl;
let agentId: string;

beforeAll(async () => {
  pawl = await startPawl();
  agentId = (await makeSetting(pawl.client)).agent.id;
  await putDataset(pawl, 'plain', plainCases(3));
  await putEval(pawl, { name: 'good', agent: agentId, dataset: 'plain' });
});
afterAll(() => pawl.server.close());

/** All that evals have made. */
async function everything(): Promise<unknown> {
  return Promise.all(
    ['evals', 'eval_runs', 'comparisons', 'calibrations', 'datasets'].map((list) => all(pawl, `/${list}`)),
  );
}

async function refusedWithoutTrace(path: string, body: unknown): Promise<Refusal> {
  const before = await everything();
  const refused = await refusal(pawl, path, body);
  expect(await everything()).toEqual(before);
  return refused;
}

const definition = (fields: Readonly<Record<string, unknown>>): Record<string, unknown> => ({
  ...{ name: 'bad', agent: agentId, dataset: 'plain', scorers: ['exact'] },
  ...fields,
});

describe('An eval is refused', () => {
  test.each<[string, Record<string, unknown>, RegExp]>([
    ['whose scorer is unknown', { scorers: ['exakt'] }, /^scorers\.0(\.type)?: must be a scorer, .* exact, /],
    ['that has no scorers', { scorers: [] }, /^scorers: must have at least one scorer$/],
    [
      'with two scorers of one name',
      { scorers: ['exact', { type: 'regex', name: 'exact', pattern: 'a' }] },
      /^scorers\.1\.name: must be unique: exact is taken already/,
    ],
    [
      'whose metric is no scorer',
      { gate: { metrics: ['f1'] } },
      /^gate\.metrics\.0: must be one of the scorers exact$/,
    ],
    ['that is too sure', { gate: { confidence: 2 } }, /^gate\.confidence: /],
    ['with an unknown tier', { gate: { overall: 'vital' } }, /^gate\.overall: /],
    ['with no epochs', { epochs: 0 }, /^epochs: /],
    ['with half an epoch', { epochs: 1.5 }, /^epochs: /],
    ['without concurrency', { concurrency: 0 }, /^concurrency: /],
    ['without patience', { limits: { timeout_ms: 0 } }, /^limits\.timeout_ms: /],
    ['with a share above one', { limits: { max_error_share: 2 } }, /^limits\.max_error_share: /],
    ['with no money', { limits: { max_cost_usd: 0 } }, /^limits\.max_cost_usd: /],
    ['with a field that there is none of', { scorer: 'exact' }, /"scorer"/],
    ['with a limit that there is none of', { limits: { timeout: 5 } }, /^limits: .*"timeout"/],
    ['without a usable name', { name: 'has space' }, /^name: must begin with a letter or digit/],
    ['without labels', { labels: [] }, /^labels: /],
    ['whose reader is unknown', { reply: 'xml' }, /^reply: must be text, json, tool_calls/],
    ['whose reply has no path', { reply: { json: '[' } }, /^reply(\.json)?: must be a path/],
    [
      'whose reply has no pattern',
      { reply: { regex: '(' } },
      /^reply(\.regex)?: must be a regular expression/,
    ],
    ['whose flags are unknown', { reply: { regex: 'a', flags: 'g' } }, /^reply(\.flags)?: /],
    ['that tells the target', { message: 'Say {{target}}' }, /^message: \{\{target\}\} is not allowed/],
    [
      'that tells a part of it',
      { message: 'Say {{ target.team }}' },
      /^message: \{\{target\}\} is not allowed/,
    ],
    ['whose template is not closed', { message: 'Say {{subject' }, /^message: \{\{ must be followed by/],
  ])('%s', async (_name, fields, message) => {
    const refused = await refusedWithoutTrace('/evals', definition(fields));
    expect(refused).toMatchObject({ status: 400, code: 'invalid_request' });
    expect(refused.message).toMatch(message);
  });

  test('that lacks its agent, dataset and scorers, naming all three', async () => {
    const { message } = await refusedWithoutTrace('/evals', { name: 'bad' });
    for (const field of ['agent', 'dataset', 'scorers'])
      expect(message).toMatch(new RegExp(`(^|; )${field}: `));
  });

  test('that is no JSON', async () => {
    const response = await fetch(`${pawl.url}/pawl/v1/evals`, {
      method: 'POST',
      headers: { 'x-api-key': pawl.key, 'content-type': 'application/json' },
      body: '{"name": "bad"',
    });
    expect(response.status).toBe(400);
  });
});

describe('A run is not made', () => {
  const makes = async (fields: Readonly<Record<string, unknown>>, run: object = {}): Promise<Refusal> => {
    await putEval(pawl, definition({ name: 'unfit', ...fields }));
    return refusedWithoutTrace('/eval_runs', { eval: 'unfit', ...run });
  };

  test.each<[string, object, Partial<Refusal>, RegExp]>([
    ['of no eval', { eval: 'nobody' }, { status: 404, code: 'eval_not_found' }, /nobody does not exist/],
    ['of no revision', { eval: 'good', eval_revision: 9 }, { status: 404 }, /no revision 9/],
    ['without a name', {}, { status: 400 }, /^eval: /],
    ['with no epochs', { eval: 'good', epochs: 0 }, { status: 400 }, /^epochs: /],
    ['with too many', { eval: 'good', epochs: 101 }, { status: 400 }, /^epochs: /],
    ['of version 0', { eval: 'good', agent_version: 0 }, { status: 400 }, /^agent_version: /],
    ['with a field that there is none of', { eval: 'good', version: 1 }, { status: 400 }, /"version"/],
    [
      'of an agent that is not there',
      { eval: 'good', agent_id: 'agent_nobody' },
      { status: 404, code: 'agent_not_found' },
      /agent_nobody/,
    ],
    [
      'of a version that is not there',
      { eval: 'good', agent_version: 9 },
      { status: 404, code: 'agent_not_found' },
      /has no version 9/,
    ],
    [
      'on a revision that is not there',
      { eval: 'good', dataset_revision: '0123456789' },
      { status: 404, code: 'dataset_revision_not_found' },
      /0123456789/,
    ],
  ])('%s', async (_name, body, what, message) => {
    const refused = await refusedWithoutTrace('/eval_runs', body);
    expect(refused).toMatchObject(what);
    expect(refused.message).toMatch(message);
  });

  test('on a dataset that is not there', async () => {
    expect(await makes({ dataset: 'nothing' })).toMatchObject({
      ...{ status: 404, code: 'dataset_not_found', message: expect.stringContaining('nothing') },
    });
  });

  test('at an endpoint that nobody has named', async () => {
    expect(await makes({ endpoint: 'elsewhere' })).toEqual({
      ...{ status: 400, code: 'invalid_request' },
      message: 'endpoint: there is no endpoint elsewhere; none is configured',
    });
  });

  test('of an eval that is archived, which takes no change either', async () => {
    await putEval(pawl, definition({ name: 'old' }));
    const archived = await ask<{ archived_at: string }>(pawl, '/evals/old/archive', {});
    expect(archived.archived_at).not.toBeNull();
    expect(await ask(pawl, '/evals/old/archive', {})).toEqual(archived);
    for (const [path, body] of [
      ['/eval_runs', { eval: 'old' }],
      ['/evals', definition({ name: 'old', epochs: 3 })],
      ['/comparisons', { eval: 'old' }],
    ] as const) {
      const refused = await refusedWithoutTrace(path, body);
      expect(refused).toMatchObject({ status: 400, code: 'eval_archived' });
      expect(refused.message).toMatch(/^eval old is archived/);
    }
  });

  test('of a dataset without cases, because there is none', async () => {
    const { status, code, message } = await refusedWithoutTrace('/datasets', { name: 'empty', cases: [] });
    expect({ status, code }).toEqual({ status: 400, code: 'invalid_dataset' });
    expect(message).toMatch(/case/);
  });
});

describe('A run fails before it costs anything', () => {
  test.each<[string, object, RegExp]>([
    [
      'where a target is no label',
      { labels: ['answer0', 'answer1'] },
      /case c0002 has the target "answer2", which is not one of the labels answer0, answer1$/,
    ],
    [
      'where a case lacks what the message asks for',
      { message: 'Re: {{subject}}' },
      /case c0000: the message asks for \{\{subject\}\}, which it does not have; .*case c0001/,
    ],
    [
      'where a module is asked for and none is allowed',
      { scorers: [{ type: 'module', file: 'mine.mjs' }] },
      /^scorers\.module\.file: this server has no folder of scorers$/,
    ],
    [
      'where a URL is asked for and none is allowed',
      { scorers: [{ type: 'http', name: 'ours', url: 'http://127.0.0.1:1/score' }] },
      /^scorers\.ours\.url: must be below what this server allows: nothing$/,
    ],
  ])('%s', async (_name, fields, message) => {
    await putEval(pawl, definition({ name: 'fails', epochs: 1, ...fields }));
    const { run, results } = await runToEnd(pawl, 'fails');
    expect(run).toMatchObject({ status: 'failed', counts: { done: 0, errors: 0, cost_usd: 0 } });
    expect(run.error).toMatch(message);
    expect(results).toEqual([]);
    expect((await pawl.client.beta.sessions.list()).data).toEqual([]);
  });

  test('and names no more than ten cases', async () => {
    await putDataset(pawl, 'long', plainCases(600));
    await putEval(pawl, definition({ name: 'long', dataset: 'long', message: '{{missing}}' }));
    const { run } = await runToEnd(pawl, 'long');
    expect(run.error?.match(/case c\d+/g)).toHaveLength(10);
    expect(run.error).toMatch(/, and more like these$/);
  });
});

describe('A comparison is not made', () => {
  test.each<[string, () => object, Partial<Refusal>, RegExp]>([
    ['of nothing', () => ({}), { status: 400 }, /^needs an eval, or a baseline_run and a candidate_run$/],
    ['of one run', () => ({ candidate_run: 'erun_1' }), { status: 400 }, /needs an eval, or a baseline_run/],
    [
      'of runs that are not there',
      () => ({ candidate_run: 'erun_1', baseline_run: 'erun_2' }),
      { status: 404, code: 'eval_run_not_found' },
      /erun_1 does not exist/,
    ],
    ['with no epochs', () => ({ eval: 'good', epochs: 0 }), { status: 400 }, /epochs: /],
    ['of no eval', () => ({ eval: 'nobody' }), { status: 404, code: 'eval_not_found' }, /nobody/],
    [
      'of version 1 with nothing',
      () => ({ eval: 'good', candidate_version: 1 }),
      { status: 400 },
      /^baseline_version: there is no version before version 1/,
    ],
    [
      'with a version that is not there',
      () => ({ eval: 'good', candidate_version: 1, baseline_version: 9 }),
      { status: 404, code: 'agent_not_found' },
      /has no version 9/,
    ],
  ])('%s', async (_name, body, what, message) => {
    const refused = await refusedWithoutTrace('/comparisons', body());
    expect(refused).toMatchObject(what);
    expect(refused.message).toMatch(message);
  });
});

test('A comparison is made of two different runs of one eval only', async () => {
  const { run } = await runToEnd(pawl, 'good');
  await putEval(pawl, definition({ name: 'another' }));
  const stranger = await runToEnd(pawl, 'another');
  for (const [baseline_run, message] of [
    [run.id, 'baseline_run: must be another run than candidate_run'],
    [stranger.run.id, 'baseline_run: must be a run of good, the eval of candidate_run'],
  ]) {
    const body = { candidate_run: run.id, baseline_run };
    expect(await refusedWithoutTrace('/comparisons', body)).toMatchObject({ status: 400, message });
  }
});

describe('A calibration is not made', () => {
  test('of a run with one epoch, of one that is not over, and of none', async () => {
    const { run } = await runToEnd(pawl, 'good', { epochs: 1 });
    await putEval(pawl, definition({ name: 'fails', epochs: 2, message: '{{missing}}' }));
    const failed = await runToEnd(pawl, 'fails');
    for (const [body, message] of [
      [{ run: run.id }, `run: ${run.id} has one epoch; there is nothing to split`],
      [{ run: failed.run.id }, `run: ${failed.run.id} is failed; it has to be completed`],
      [{ run: 'erun_1' }, 'eval run erun_1 does not exist'],
    ] as const) {
      expect((await refusedWithoutTrace('/calibrations', body)).message).toBe(message);
    }
    expect((await refusedWithoutTrace('/calibrations', { run: run.id, splits: 1 })).message).toMatch(
      /^splits: /,
    );
  });
});

test.each<[string, RegExp]>([
  ['/eval_runs/erun_1/results?found=maybe', /^found: .*right, wrong, unscored/],
  ['/eval_runs/erun_1/results?group=a&ungrouped=true', /^ungrouped: must not be given beside group/],
  ['/datasets/plain/sight?epochs=101', /^epochs: must be a whole number from 1 to 100/],
  ['/datasets/plain/sight?epochs=some', /^epochs: must be a whole number/],
])('GET %s is refused by the name of the field that is wrong', async (path, message) => {
  const refused = await refusal(pawl, path);
  expect(refused.status).toBe(400);
  expect(refused.message).toMatch(message);
});
