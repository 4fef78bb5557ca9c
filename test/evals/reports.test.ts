import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunReport } from '../../src/eval/run-report.ts';
import { startPawl, type TestPawl } from '../pawl.ts';
import { makeSetting } from '../story.ts';
import { type CountedModel, lastWord, startCountedModel } from './counted-model.ts';
import {
  ask,
  type CalibrationResponse,
  type ComparisonResponse,
  completed,
  putDataset,
  putEval,
  statesOf,
} from './eval-story.ts';

/*
 * The goal: a report says of each case what its epochs say, and why, whatever scorers and groups are called. The
 * method: names that every object of JavaScript has, and a model that answers one case differently each time.
 */

const groups = ['constructor', '__proto__', 'toString'];
let model: CountedModel;
let pawl: TestPawl;
let turned = false;

beforeAll(async () => {
  let asked = 0;
  model = await startCountedModel((_, text) => {
    if (text.includes('turns') && turned) return 'wrong';
    if (text.includes('wavers')) return asked++ % 2 === 0 ? 'yes' : 'no';
    return lastWord(text);
  });
  pawl = await startPawl({ anthropic_base_url: model.url, anthropic_api_key: 'upstream-key' });
  const { agent } = await makeSetting(pawl.client);
  const kinds = ['turns', 'wavers', 'hard'];
  await putDataset(
    pawl,
    'names',
    kinds.map((kind, i) => ({ id: kind, input: `${kind} yes`, target: 'yes', group: groups[i] })),
  );
  await putEval(pawl, {
    ...{ name: 'names', agent: agent.id, dataset: 'names', epochs: 2, concurrency: 1 },
    scorers: [{ type: 'exact', name: 'constructor' }],
    gate: { max_lost_cases: 0, groups: { toString: 'critical' } },
  });
});
afterAll(async () => {
  await pawl.server.close();
  await model.close();
});

test('Reports tell right, wrong and mixed cases apart, and why, under names that every object has', async () => {
  const { run } = await completed(pawl, 'names');
  expect(run.counts.scores).toEqual({ constructor: { sum: 3, count: 6, unscored: 0 } });
  const report = await ask<RunReport>(pawl, `/eval_runs/${run.id}/report?format=json`);
  expect(report.cases.shown.map(({ outcome }) => outcome)).toEqual(['right', 'mixed', 'wrong']);
  expect(report.wrong).toMatchObject({
    total: 1,
    shown: [{ case_id: 'hard', reason: expect.stringContaining('wrong') }],
  });
  expect(new Set(report.rows.map(({ group }) => group))).toEqual(new Set([null, ...groups]));

  turned = true;
  const after = await completed(pawl, 'names', { fresh: true });
  const { id } = await ask<ComparisonResponse>(pawl, '/comparisons', {
    ...{ baseline_run: run.id, candidate_run: after.run.id },
  });
  const end = (await statesOf<ComparisonResponse>(pawl, `/comparisons/${id}/stream`)).at(-1);
  expect(end).toMatchObject({ status: 'completed', verdict: 'fail' });
  expect(end?.report?.flips.shown).toMatchObject([
    { case_id: 'turns', baseline: { reason: null }, candidate: { reason: expect.stringContaining('wrong') } },
  ]);
  expect(end?.report?.rows.shown.find(({ group }) => group === 'toString')?.tier).toBe('critical');

  const calibration = await ask<CalibrationResponse>(pawl, '/calibrations', { run: run.id, splits: 20 });
  expect(calibration.report).toMatchObject({ cases: 3, epochs: 1 });
});
