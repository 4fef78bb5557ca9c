import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ModelRequest } from '../model/model.ts';
import {
  afterPiece,
  type PlacedEvent,
  type Summary,
  startSummary,
  summaryRequest,
  withSmallerPieces,
} from './compaction.ts';

const user = (seq: number, text: string): PlacedEvent => ({
  ...{ id: `sevt_${seq}`, seq, type: 'user.message', content: [{ type: 'text', text }] },
});
const agent = (seq: number, text: string): PlacedEvent => ({
  ...{ id: `sevt_${seq}`, seq, type: 'agent.message', content: [{ type: 'text', text }] },
});
const base: ModelRequest = {
  ...{ model: 'm', system: 'Sort tickets.', messages: [], effort: 'high', max_tokens: 100 },
  tools: [{ name: 't', description: 'd', input_schema: { type: 'object' } }],
};
const textOf = (request: ModelRequest): string => {
  const block = request.messages[0]?.content[0];
  return block?.type === 'text' ? block.text : '';
};

test('a message that is still to be answered is kept word for word', () => {
  expect(startSummary([user(1, 'one'), agent(4, 'two'), user(9, 'three')])).toMatchObject({
    kept: 9,
    rest: 'User: one\n\nAgent: two',
  });
});

test('an instruction that goes with that message is kept with it', () => {
  const told: PlacedEvent = {
    ...{ id: 'sevt_10', seq: 10, type: 'system.message', content: [{ type: 'text', text: 'Be brief.' }] },
  };
  expect(startSummary([user(1, 'one'), agent(4, 'two'), user(9, 'three'), told])).toMatchObject({
    kept: 9,
    rest: 'User: one\n\nAgent: two',
  });
  expect(startSummary([told])).toMatchObject({ kept: null, rest: 'Instruction: Be brief.' });
});

test('the newest summary from before comes first, whatever was kept in front of it', () => {
  const compacted = (seq: number, summary: string): PlacedEvent => ({
    ...{ id: `sevt_${seq}`, seq, type: 'agent.thread_context_compacted', pawl: { summary } },
  });
  const before = [user(4, 'four'), compacted(6, 'old'), compacted(8, 'new')];
  expect(startSummary(before)).toMatchObject({ kept: 4, rest: 'Notes of what was before: new' });
  expect(startSummary([...before, agent(9, 'nine')])).toMatchObject({
    kept: null,
    rest: 'Notes of what was before: new\n\nUser: four\n\nAgent: nine',
  });
});

test('in the middle of a turn all of it is summarised', () => {
  const call: PlacedEvent = {
    ...{ id: 'c', seq: 5, type: 'agent.custom_tool_use', name: 'look' },
    input: { id: 7 },
  };
  const answer: PlacedEvent = {
    ...{ id: 'r', seq: 6, type: 'user.custom_tool_result', custom_tool_use_id: 'c', is_error: true },
    content: [
      { type: 'text', text: 'Gone.' },
      { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } },
    ],
  };
  expect(startSummary([user(1, 'one'), call, answer])).toMatchObject({
    kept: null,
    rest: 'User: one\n\nAgent calls look: {"id":7}\n\nError: Gone.\n[an image]',
  });
});

test('there is nothing to summarise before a single message', () => {
  expect(startSummary([user(1, 'one')])).toBeNull();
  expect(startSummary([])).toBeNull();
});

test('the model is asked without tools, under instructions of our own, with the notes so far in front', () => {
  const summary: Summary = { done: 'They want a refund.', rest: 'abcdef', size: 4, requests: 3, kept: null };
  const request = summaryRequest(base, summary);
  expect(request).toMatchObject({ model: 'm', tools: [], messages: [{ role: 'user' }] });
  expect(request.system).not.toContain('Sort tickets.');
  expect(textOf(request)).toContain('They want a refund.');
  expect(textOf(request)).toContain('abcd');
  expect(textOf(request)).not.toContain('abcde');
});

test('every character of the conversation goes into one request, in order, however small the pieces become', () => {
  const word = fc.string({ minLength: 1, maxLength: 30_000 });
  fc.assert(
    fc.property(word, fc.array(fc.boolean(), { maxLength: 60 }), (text, shrinks) => {
      let summary: Summary | null = startSummary([user(1, `${text}.`), agent(2, 'Yes.')]);
      const whole = summary?.rest ?? '';
      let read = '';
      for (let i = 0; summary !== null && summary.rest !== ''; i++) {
        expect(i).toBeLessThanOrEqual(40);
        if (shrinks[i] === true) summary = withSmallerPieces(summary);
        else {
          read += summary.rest.slice(0, summary.size);
          summary = afterPiece(summary, 'notes');
        }
      }
      if (summary === null) expect(whole.startsWith(read)).toBe(true);
      else expect(read).toBe(whole);
    }),
    { numRuns: 50 },
  );
});

test('pieces that have become too small are given up', () => {
  const summary: Summary = { done: '', rest: 'x'.repeat(100_000), size: 3999, requests: 9, kept: null };
  expect(withSmallerPieces(summary)).toBeNull();
  expect(withSmallerPieces({ ...summary, size: 8000 })).toMatchObject({ size: 4000, requests: 8 });
  expect(afterPiece({ ...summary, requests: 1 }, 'notes')).toBeNull();
});
