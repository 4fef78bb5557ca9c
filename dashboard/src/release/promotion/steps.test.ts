import { expect, test } from 'vitest';
import { newStep, readSteps, usualSteps } from './steps.ts';

test('what is proposed grows from 5 to 100 percent, and waits an hour and for fifty sessions in between', () => {
  const steps = readSteps(usualSteps());
  expect(steps).toHaveLength(5);
  expect(steps[0]).toEqual({ weight: 5, min_seconds: 3600, min_sessions: 50, approval: false });
  expect(steps[4]).toEqual({ weight: 100 });
});

const at = (weight: string, changes: object = {}) => ({ ...newStep(0), weight, ...changes });

test.each([
  [[at('5'), at('5'), at('100')], 'Step 2: the share'],
  [[at(''), at('100')], 'Step 1: the share'],
  [[at('5'), at('120')], 'Step 2: the share'],
  [[at('5', { minutes: 'soon' }), at('100')], 'Step 1: the minutes'],
  [[at('5', { sessions: '1.5' }), at('100')], 'Step 1: the sessions'],
  [[at('100')], 'two steps'],
  [[at('5'), at('50')], 'The last step has to be 100 %'],
])('steps that cannot be are refused, with what is wrong', (drafts, problem) => {
  expect(readSteps(drafts)).toContain(problem);
});
