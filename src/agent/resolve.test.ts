import { expect, test } from 'vitest';
import { resolveVersion } from './resolve.ts';

test('a number that is named is taken as it is, even one that is not there', () => {
  expect(resolveVersion(2, { latest_version: 5 })).toEqual({ version: 2, reason: 'pinned' });
  expect(resolveVersion(5, { latest_version: 5 })).toEqual({ version: 5, reason: 'pinned' });
  expect(resolveVersion(9, { latest_version: 5 })).toEqual({ version: 9, reason: 'pinned' });
});

test('without a number the latest version is taken', () => {
  expect(resolveVersion(undefined, { latest_version: 5 })).toEqual({ version: 5, reason: 'latest' });
});
