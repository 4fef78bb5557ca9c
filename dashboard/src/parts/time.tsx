import type { ReactNode } from 'react';

const units: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
];
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const exact = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
const date = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium' });
const longestRelativeS = 30 * 86_400;

/** How long ago something was, with the exact time for whoever points at it; nothing for null. */
export function Time({ at }: { readonly at: string | null | undefined }): ReactNode {
  if (at === null || at === undefined) return <span className="faint">never</span>;
  return (
    <time dateTime={at} title={exact.format(new Date(at))}>
      {ago(at, Date.now())}
    </time>
  );
}

/** How long before `now` (milliseconds) an RFC 3339 time was; beyond a month, its date. */
export function ago(at: string, now: number): string {
  const seconds = Math.round((Date.parse(at) - now) / 1000);
  if (Math.abs(seconds) > longestRelativeS) return date.format(new Date(at));
  const [unit, size] = units.find(([, length]) => Math.abs(seconds) >= length) ?? ['second', 1];
  return relative.format(Math.trunc(seconds / size), unit);
}
