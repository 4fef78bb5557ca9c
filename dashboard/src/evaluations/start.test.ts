import { expect, test } from 'vitest';
import { noEval } from './new-eval.tsx';
import { requestOf, usualBaseline, type Wanted, whyNotYet } from './start.ts';

const wanted: Wanted = {
  ...{ what: 'comparison', agent: 'agent_1', candidate: '', baseline: '', evalId: 'eval_1' },
  ...{ epochs: '', fresh: false },
};

test('what is not said is left to the server, and what is said goes where it belongs', () => {
  const common = { eval: 'eval_1', agent_id: 'agent_1' };
  expect(requestOf(wanted)).toEqual({ path: '/pawl/v1/comparisons', body: common });
  expect(requestOf({ ...wanted, candidate: '3', baseline: '1', epochs: '2', fresh: true }).body).toEqual({
    ...{ ...common, candidate_version: 3, baseline_version: 1, epochs: 2, fresh: true },
  });
  expect(requestOf({ ...wanted, what: 'run', candidate: '3', baseline: '1' })).toEqual({
    ...{ path: '/pawl/v1/eval_runs', body: { ...common, agent_version: 3 } },
  });
});

test('a version is compared with what production serves, or else with the one before', () => {
  expect(usualBaseline(3, 1)).toBe(1);
  expect(usualBaseline(3, 3)).toBe(2);
  expect(usualBaseline(3, null)).toBe(2);
  expect(usualBaseline(1, null)).toBeNull();
});

test('what is missing is said, one thing at a time', () => {
  expect(whyNotYet(wanted, null)).toBeNull();
  expect(whyNotYet({ ...wanted, agent: '' }, null)).toBe('Choose an agent first');
  expect(whyNotYet({ ...wanted, evalId: '' }, null)).toBe('Choose an eval first');
  expect(whyNotYet(wanted, noEval)).toBe('Name the eval first');
  expect(whyNotYet(wanted, { ...noEval, name: 'triage' })).toBe('Choose a dataset first');
  const same = { ...wanted, candidate: '2', baseline: '2' };
  expect(whyNotYet(same, null)).toBe('Choose two versions that differ');
  expect(whyNotYet({ ...same, what: 'run' }, null)).toBeNull();
});
