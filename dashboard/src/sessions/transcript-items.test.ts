import { expect, test } from 'vitest';
import { type SessionEvent, transcriptItems } from './transcript-items.ts';

const at = (second: number) => `2026-11-23T10:00:0${second}.000000Z`;

test('answers stand with their calls, and ends with their beginnings', () => {
  const events: SessionEvent[] = [
    { id: 'a', type: 'user.message', content: [{ type: 'text', text: 'How much?' }], processed_at: at(0) },
    { id: 'b', type: 'span.model_request_start', processed_at: at(1) },
    { id: 'c', type: 'agent.custom_tool_use', name: 'price', input: { of: 'tea' }, processed_at: at(3) },
    {
      ...{ id: 'd', type: 'span.model_request_end', model_request_start_id: 'b', processed_at: at(3) },
      ...{ is_error: false, pawl: { provider: 'offline', model: 'm', cost_usd: 0.5 } },
      model_usage: {
        ...{ input_tokens: 3, output_tokens: 4 },
        ...{ cache_creation_input_tokens: 0, cache_read_input_tokens: 0 },
      },
    },
    {
      ...{ id: 'e', type: 'user.custom_tool_result', custom_tool_use_id: 'c', processed_at: at(5) },
      content: [{ type: 'text', text: '2' }],
    },
  ];
  expect(transcriptItems(events)).toMatchObject([
    { kind: 'said', by: 'user' },
    { kind: 'request', request: { is_over: true, took_ms: 2000, cost_usd: 0.5, model: 'm' } },
    { kind: 'call', call: { name: 'price', took_ms: 2000, answer: { is_error: false } } },
  ]);
});

test('a call without an answer and a request without an end are under way', () => {
  expect(
    transcriptItems([
      { id: 'b', type: 'span.model_request_start', processed_at: at(1) },
      { id: 'c', type: 'agent.custom_tool_use', name: 'price', input: {}, processed_at: null },
    ]),
  ).toMatchObject([
    { kind: 'request', request: { is_over: false, took_ms: null } },
    { kind: 'call', call: { answer: null, took_ms: null } },
  ]);
});

test('an answer to a call that is not there is left out', () => {
  expect(
    transcriptItems([{ id: 'e', type: 'agent.tool_result', tool_use_id: 'gone', processed_at: at(1) }]),
  ).toEqual([]);
});
