/**
 * Where the time comes from. `now()` gives whole microseconds since 1970 (UTC), never the same value twice
 * and never a smaller one than before, so that records made in order also sort in order.
 */
export type Clock = { now(): number };

/** Makes a clock out of a source of milliseconds, such as `Date.now`. */
export function createClock(milliseconds: () => number): Clock {
  let last = 0;
  return {
    now() {
      last = Math.max(last + 1, Math.floor(milliseconds()) * 1000);
      return last;
    },
  };
}

/** Microseconds since 1970 as RFC 3339 in UTC, always 27 characters, so that text order is time order. */
export function formatTime(us: number): string {
  const ms = Math.floor(us / 1000);
  const rest = String(us - ms * 1000).padStart(3, '0');
  return `${new Date(ms).toISOString().slice(0, -1)}${rest}Z`;
}

const rfc3339 = /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})$/;
/** The years that four digits can tell, in milliseconds. */
const firstMs = Date.parse('0001-01-01T00:00:00Z');
const lastMs = Date.parse('9999-12-31T23:59:59Z');
/** The largest number below the year 10000: so far out, not every microsecond has one. */
const lastUs = lastMs * 1000 + 999_968;

/**
 * Reads an RFC 3339 time with any offset into microseconds since 1970; null when it is not one. What an offset
 * takes beyond the years 1 to 9999 is brought back to their edge.
 */
export function parseTime(text: string): number | null {
  const match = rfc3339.exec(text);
  if (match === null) return null;
  const [, day, time, fraction = '', zone = 'Z'] = match;
  // Date.parse takes 30 February for 2 March, and hour 24 for the next day.
  const local = Date.parse(`${day}T${time}Z`);
  if (Number.isNaN(local) || !new Date(local).toISOString().startsWith(`${day}T${time}`)) return null;
  const ms = Date.parse(`${day}T${time}${zone.toUpperCase()}`);
  if (Number.isNaN(ms)) return null;
  if (ms < firstMs) return firstMs * 1000;
  const us = Math.min(ms, lastMs) * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6));
  return Math.min(us, lastUs);
}

const storedLength = 27;

/** The microseconds of a time that {@link formatTime} wrote. */
export function readTime(text: string): number {
  // What is known to be of one form need not be taken apart.
  const isStored = text.length === storedLength && text.endsWith('Z');
  const us = isStored
    ? Date.parse(`${text.slice(0, 23)}Z`) * 1000 + Number(text.slice(23, -1))
    : parseTime(text);
  if (us === null || Number.isNaN(us)) throw new TypeError(`Not a stored time: ${text}`);
  return us;
}
