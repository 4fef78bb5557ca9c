import { beforeEach, describe, expect, test } from 'vitest';
import { createFailedKeys, type FailedKeys, networkOf } from './failed-keys.ts';

let now: number;
let failed: FailedKeys;

beforeEach(() => {
  now = 1_000_000;
  failed = createFailedKeys({ max_failed_keys: 3, elapsed: () => now });
});

function exhaust(address: string): void {
  for (let n = 0; n < 3; n++) failed.count(address);
}

const limited = expect.objectContaining({ code: 'rate_limited', retry_after_s: 20 });

test('an address may fail so often a minute, and no other pays for it', () => {
  exhaust('192.0.2.1');
  expect(() => failed.count('192.0.2.1')).toThrow(limited);
  failed.count('192.0.2.2');
  now += 20_000;
  failed.count('192.0.2.1');
  expect(() => failed.count('192.0.2.1')).toThrow(limited);
});

test('a right guess among too many is refused like a wrong one', () => {
  exhaust('192.0.2.1');
  expect(() => failed.requireFamiliar('192.0.2.1', 'apikey_guessed')).toThrow(limited);
  failed.requireFamiliar('192.0.2.2', 'apikey_guessed');
  // That it was let in elsewhere tells nothing about who tries it here.
  expect(() => failed.requireFamiliar('192.0.2.1', 'apikey_guessed')).toThrow(limited);
});

test('a key that was let in from an address before still is, whatever its neighbours try', () => {
  failed.requireFamiliar('192.0.2.1', 'apikey_old');
  exhaust('192.0.2.1');
  failed.requireFamiliar('192.0.2.1', 'apikey_old');
  expect(() => failed.count('192.0.2.1')).toThrow(limited);
});

describe('The network of', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::6', '2001:db8:1:2'],
    ['2001:db8::6', '2001:db8:0:0'],
    ['2001::3:4:5:6:7:8', '2001:0:3:4'],
    ['::1', '0:0:0:0'],
    ['2001:db8::', '2001:db8:0:0'],
    [undefined, ''],
  ])('%s is %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });

  test('a text of any length is short', () => {
    for (const text of ['x'.repeat(9000), 'x:'.repeat(9000), ':'.repeat(9000), '1::'.repeat(9000)]) {
      expect(networkOf(text).length).toBeLessThan(100);
    }
  });
});
