/**
 * How long an HTTP answer asks to wait, in milliseconds and never negative: `retry-after-ms` when it is a number,
 * otherwise `retry-after` as seconds or as an HTTP date. Null when neither says anything that can be read.
 */
export function retryAfterMs(headers: Headers, nowMs: number): number | null {
  const exact = numberOf(headers.get('retry-after-ms'));
  if (exact !== null) return Math.max(0, Math.ceil(exact));
  const text = headers.get('retry-after');
  const seconds = numberOf(text);
  if (seconds !== null) return Math.max(0, Math.ceil(seconds * 1000));
  const date = Date.parse(text ?? '');
  return Number.isNaN(date) ? null : Math.max(0, date - nowMs);
}

function numberOf(text: string | null): number | null {
  return text !== null && /^\s*-?\d+(\.\d+)?\s*$/.test(text) ? Number(text) : null;
}
