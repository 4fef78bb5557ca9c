import { expect, test } from 'vitest';
import { createBuckets } from './buckets.ts';

const elapsed = () => 1_000_000;

test('each name has a bucket of its own, and a look takes nothing', () => {
  const buckets = createBuckets({ elapsed, most: 10 });
  expect(buckets.take('a', 1).kind).toBe('taken');
  expect(buckets.take('a', 1).kind).toBe('refused');
  for (let n = 0; n < 3; n++) expect(buckets.look('b', 1).kind).toBe('taken');
  expect(buckets.take('b', 1).kind).toBe('taken');
});

test('the bucket that was longest left alone makes room for a new one', () => {
  const buckets = createBuckets({ elapsed, most: 2 });
  for (const name of ['a', 'b', 'a', 'c']) buckets.take(name, 2);
  // b made room; a, which was used since, is as empty as before.
  expect(buckets.look('b', 2)).toMatchObject({ kind: 'taken', remaining: 1 });
  expect(buckets.look('a', 2).kind).toBe('refused');
  expect(buckets.look('c', 2)).toMatchObject({ kind: 'taken', remaining: 0 });
});
