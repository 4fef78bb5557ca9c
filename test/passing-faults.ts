import type { Fault } from './model-faults.ts';

const call = { name: 'look_up', input: { id: 1 } };

/** Faults of a model that are over with the next request, and how they are called. */
export const passingFaults: readonly (readonly [string, Fault])[] = [
  ['429', 429],
  ['429 with retry-after', { status: 429, retry_after: 1 }],
  ['529', 529],
  ['500', 500],
  ['a proxy page with 502', 'html_502'],
  ['a connection reset', 'reset'],
  ['a connection reset midway', 'reset_midway'],
  ['a connection reset in the middle of a call', { calls: [call], breaks: 'reset_midway' }],
  ['a truncated stream', 'truncated'],
  ['a truncated call', { text: 'Now', calls: [call, call], breaks: 'truncated' }],
  ['an error inside the stream', 'mid_stream_error'],
  ['an error inside a call', { calls: [call], breaks: 'mid_stream_error' }],
  ['broken JSON', 'malformed'],
  ['broken JSON behind a call', { calls: [call, call], breaks: 'malformed' }],
  ['an empty body', 'empty_body'],
  ['an empty stream', 'empty_stream'],
  ['silence', 'hang'],
  ['a reply that takes for ever', { slow: { first_byte_ms: 10, between_ms: 400 } }],
];
