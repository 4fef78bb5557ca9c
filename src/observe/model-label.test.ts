import { expect, test } from 'vitest';
import { createModelLabels } from './model-label.ts';

test('A model that the operator has named has a label of its own, whatever comes of it', () => {
  const label = createModelLabels((model) => model === 'mine');
  expect(label('mine', false)).toBe('mine');
});

test('a model that only users have named has one from its first answer on', () => {
  const label = createModelLabels(() => false);
  expect(label('theirs', false)).toBe('other');
  expect(label('theirs', true)).toBe('theirs');
  expect(label('theirs', false)).toBe('theirs');
});

test('of the models of users a hundred are told apart, and those of the operator still are after that', () => {
  const label = createModelLabels((model) => model === 'mine');
  const labels = new Set(Array.from({ length: 1000 }, (_, i) => label(`model-${i}`, true)));
  expect(labels.size).toBe(101);
  expect(labels.has('other')).toBe(true);
  expect(label('mine', false)).toBe('mine');
});
