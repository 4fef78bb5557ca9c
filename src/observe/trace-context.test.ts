import { expect, test } from 'vitest';
import { readTraceparent } from './trace-context.ts';

const trace_id = '0af7651916cd43dd8448eb211c80319c';
const span_id = 'b7ad6b7169203331';

test('A traceparent says which span a request is below, and whether anybody wants to see it', () => {
  expect(readTraceparent(`00-${trace_id}-${span_id}-01`)).toEqual({ trace_id, span_id, sampled: true });
  expect(readTraceparent(`00-${trace_id}-${span_id}-00`)).toEqual({ trace_id, span_id, sampled: false });
  expect(readTraceparent(`01-${trace_id}-${span_id}-03-more`)).toEqual({ trace_id, span_id, sampled: true });
});

test.each([
  undefined,
  '',
  'garbage',
  `ff-${trace_id}-${span_id}-01`,
  `00-${trace_id}-${span_id}-01-more`,
  `00-${trace_id.toUpperCase()}-${span_id}-01`,
  `00-${'0'.repeat(32)}-${span_id}-01`,
  `00-${trace_id}-${'0'.repeat(16)}-01`,
  `00-${trace_id}-${span_id}`,
])('%j is none', (header) => {
  expect(readTraceparent(header)).toBeNull();
});
