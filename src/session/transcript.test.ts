import fc from 'fast-check';
import { expect, test } from 'vitest';
import { transcript } from './transcript.ts';

type Event = Parameters<typeof transcript>[0][number];

const said = (type: string, ...texts: string[]): Event => ({
  type,
  content: texts.map((text) => ({ type: 'text', text })),
});
const user = (...texts: string[]) => said('user.message', ...texts);
const agent = (...texts: string[]) => said('agent.message', ...texts);
const flat = (events: readonly Event[]) =>
  transcript(events).map(({ role, content }) => [role, ...content.map((block) => block.text)]);

test('nothing was said', () => {
  expect(transcript([])).toEqual([]);
  expect(transcript([agent('Hello?')])).toEqual([]);
});

test('the sides alternate: neighbours of one side are joined, block after block', () => {
  expect(flat([user('a'), user('b', 'c'), agent('d'), agent('e'), user('f')])).toEqual([
    ['user', 'a', 'b', 'c'],
    ['assistant', 'd', 'e'],
    ['user', 'f'],
  ]);
});

test('an agent that speaks first is not heard, nor one that speaks last', () => {
  expect(flat([agent('x'), agent('y'), user('a'), agent('b')])).toEqual([['user', 'a']]);
});

test('blank text is not heard, and a message of nothing else does not come between two others', () => {
  expect(flat([user('a', ' \n'), agent(''), user('\u00a0'), user('b')])).toEqual([['user', 'a', 'b']]);
  expect(flat([user(' '), agent('x')])).toEqual([]);
});

test('whatever was said, users begin and end, the sides alternate and no word of a user is lost', () => {
  const words = fc.array(fc.string({ maxLength: 2 }), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), words)), (spec) => {
      const events = spec.map(([isUser, texts]) => said(isUser ? 'user.message' : 'agent.message', ...texts));
      const before = JSON.stringify(events);
      const messages = transcript(events);
      for (const [i, message] of messages.entries()) {
        expect(message.role).toBe(i % 2 === 0 ? 'user' : 'assistant');
      }
      expect(messages.length === 0 || messages.length % 2 === 1).toBe(true);
      const spoken = events.filter(({ type }) => type === 'user.message').flatMap(({ content }) => content);
      const heard = messages.filter(({ role }) => role === 'user').flatMap(({ content }) => content);
      expect(heard).toEqual(spoken.filter((block) => block.text.trim() !== ''));
      expect(JSON.stringify(events)).toBe(before);
    }),
  );
});
