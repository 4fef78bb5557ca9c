import { expect, test } from 'vitest';
import { AddressError, guardLookup } from './guarded-lookup.ts';

const inside = [
  { address: '127.0.0.1', family: 4 },
  { address: '::ffff:10.0.0.1', family: 6 },
];
const outside = [
  { address: '2606:4700::1111', family: 6 },
  { address: '1.1.1.1', family: 4 },
];

/** What a socket is told of a name that stands for these addresses. */
function look(found: typeof inside, { allow_private = false, all = true } = {}): unknown[] {
  const told: unknown[] = [];
  const resolve = (_name: string, _asked: object, callback: (...answer: unknown[]) => void): void => {
    callback(null, found);
  };
  const lookup = guardLookup({ allow_private, resolve: resolve as never });
  lookup('hooks.example.com', { all }, (...answer) => told.push(...answer));
  return told;
}

test('Of all addresses, a socket is told those in the internet', () => {
  expect(look([...inside, ...outside])).toEqual([null, outside]);
  expect(look([...inside, ...outside], { all: false })).toEqual([null, '2606:4700::1111', 6]);
});

test('A name without any of those fails', () => {
  for (const found of [inside, []]) expect(look(found)).toEqual([expect.any(AddressError), '']);
});

test('With leave, it is told of all', () => {
  expect(look([...inside, ...outside], { allow_private: true })).toEqual([null, [...inside, ...outside]]);
  expect(look(inside, { allow_private: true, all: false })).toEqual([null, '127.0.0.1', 4]);
});
