import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createClock, formatTime, parseTime, readTime } from './clock.ts';

describe('A clock', () => {
  test('gives whole microseconds of what its source says', () => {
    expect(createClock(() => 1_800_000_000_000.75).now()).toBe(1_800_000_000_000_000);
  });

  test('rises at every call, whatever its source does', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 4e12, noNaN: true }), { minLength: 1 }), (readings) => {
        const source = readings.values();
        const clock = createClock(() => source.next().value ?? 0);
        const times = readings.map(() => clock.now());
        for (const [i, time] of times.entries()) {
          expect(Number.isSafeInteger(time)).toBe(true);
          if (i > 0) expect(time).toBeGreaterThan(times[i - 1] ?? 0);
        }
      }),
    );
  });
});

describe('formatTime', () => {
  test('writes microseconds in 27 characters', () => {
    expect(formatTime(0)).toBe('1970-01-01T00:00:00.000000Z');
    expect(formatTime(1_800_000_000_123_004)).toBe('2027-01-15T08:00:00.123004Z');
  });

  // Beyond the year 2255 a number holds no whole microseconds any more.
  const moment = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

  test('sorts as text the way the times do', () => {
    fc.assert(
      fc.property(moment, moment, (a, b) => {
        expect(formatTime(a)).toHaveLength(27);
        expect(formatTime(a) < formatTime(b)).toBe(a < b);
      }),
    );
  });

  test('is read back exactly', () => {
    fc.assert(
      fc.property(moment, (us) => {
        expect(parseTime(formatTime(us))).toBe(us);
        expect(readTime(formatTime(us))).toBe(us);
      }),
    );
  });
});

describe('parseTime', () => {
  const moment = 1_800_000_000_000_000;

  test.each([
    ['2027-01-15T08:00:00Z', moment],
    ['2027-01-15t08:00:00z', moment],
    ['2027-01-15 08:00:00Z', moment],
    ['2027-01-15T10:30:00+02:30', moment],
    ['2027-01-14T20:00:00-12:00', moment],
    ['2027-01-15T08:00:00.1Z', moment + 100_000],
    ['2027-01-15T08:00:00.000001Z', moment + 1],
    ['2027-01-15T08:00:00.0000019Z', moment + 1],
    ['2027-01-15T08:00:00.123456789Z', moment + 123_456],
    ['2028-02-29T00:00:00Z', 1_835_395_200_000_000],
    ['1970-01-01T00:00:00Z', 0],
  ])('reads %s', (text, us) => {
    expect(parseTime(text)).toBe(us);
  });

  test.each([
    '',
    'now',
    '2027-01-15',
    '2027-01-15T08:00Z',
    '2027-01-15T08:00:00',
    '2027-01-15T08:00:00.Z',
    '2027-01-15T08:00:00.0123456789Z',
    '2027-01-15T08:00:00+0200',
    '2027-13-15T08:00:00Z',
    '2027-01-32T08:00:00Z',
    '2027-01-15T25:00:00Z',
    '2027-01-15T08:60:00Z',
    '2027-01-15T08:00:00+25:00',
    ' 2027-01-15T08:00:00Z',
    '2027-01-15T08:00:00Z\n',
    '٢٠٢٧-01-15T08:00:00Z',
    '+12027-01-15T08:00:00Z',
  ])('does not read %j', (text) => {
    expect(parseTime(text)).toBeNull();
  });

  test.each(['2027-02-30T08:00:00Z', '2027-02-29T08:00:00Z', '2027-04-31T08:00:00Z', '2027-01-15T24:00:00Z'])(
    'does not take %s for another day',
    (text) => {
      expect(parseTime(text)).toBeNull();
    },
  );

  test.each(['9999-12-31T23:59:59Z', '9999-12-31T23:59:59.999999Z', '9999-12-31T23:59:59-12:00'])(
    'reads %s, the end of time, as a bound behind everything',
    (text) => {
      const us = parseTime(text);
      expect(us).not.toBeNull();
      expect(formatTime(us ?? 0)).toHaveLength(27);
      expect(formatTime(us ?? 0) > formatTime(moment)).toBe(true);
    },
  );

  test.each(['1970-01-01T00:00:00+01:00', '0001-01-01T00:00:00Z', '0001-01-01T00:00:00+14:00'])(
    'reads %s, from before the first moment, as a bound in front of everything',
    (text) => {
      const us = parseTime(text);
      expect(us).not.toBeNull();
      expect(formatTime(us ?? moment) < formatTime(moment)).toBe(true);
    },
  );

  test('never throws, whatever it is given', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseTime(text)));
  });
});

test('readTime refuses what formatTime did not write', () => {
  expect(() => readTime('yesterday')).toThrow(new TypeError('Not a stored time: yesterday'));
});
