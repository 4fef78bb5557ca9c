import { describe, expect, test } from 'vitest';
import { caseWith } from '../../test/scored.ts';
import { sha256 } from '../core/canonical.ts';
import { PawlError } from '../core/errors.ts';
import type { Case } from './case.ts';
import { createRenderer } from './message.ts';

const textOf = (template: string | null, given: Partial<Case>): string =>
  createRenderer(template)(caseWith(given)).text;

describe('A message', () => {
  test('is the input of the case where there is no template', () => {
    expect(textOf(null, { input: '  Hello\n' })).toBe('  Hello\n');
  });

  test('carries the hash of its text, so that equal messages are known', () => {
    const message = createRenderer('Say {{input}}')(caseWith({ input: 'hi' }));
    expect(message).toEqual({ text: 'Say hi', hash: sha256('Say hi'), copy_of: null });
  });

  test('that is said in a copy of a session is another one, however equal the text', () => {
    const render = createRenderer(null);
    const messages = [{}, { pawl_copy_of: 'sesn_1' }, { pawl_copy_of: 'sesn_2' }].map((fields) =>
      render(caseWith({ input: 'hi', fields })),
    );
    expect(messages.map(({ copy_of }) => copy_of)).toEqual([null, 'sesn_1', 'sesn_2']);
    expect(new Set(messages.map(({ hash }) => hash)).size).toBe(3);
  });

  test('takes names from the fields first, and then from the case', () => {
    const given = { id: 'c-7', input: 'in', group: 'vip', fields: { group: 'from fields', product: 'lamp' } };
    expect(textOf('{{product}}/{{ group }}/{{id}}/{{input}}', given)).toBe('lamp/from fields/c-7/in');
    expect(textOf('{{group}}', { group: 'vip' })).toBe('vip');
  });

  test('follows paths into fields, and knows columns with a dot in their name', () => {
    const fields = { order: { lines: [{ sku: 'A1' }] }, 'ship.to': 'Berlin' };
    expect(textOf('{{order.lines[0].sku}} to {{ship.to}}', { fields })).toBe('A1 to Berlin');
  });

  test('puts in as JSON what is not text', () => {
    const fields = { list: [1, 'two'], count: 3, nothing: null };
    expect(textOf('{{list}} {{count}} {{nothing}}', { fields })).toBe('[1,"two"] 3 null');
  });

  test('does not look for names in what it put in', () => {
    expect(textOf('{{a}}', { fields: { a: '{{b}} $& $1', b: 'x' } })).toBe('{{b}} $& $1');
  });

  test('leaves single braces alone', () => {
    expect(textOf('{"a": {"b": "{{id}}"}}', { id: 'c' })).toBe('{"a": {"b": "c"}}');
  });

  test('tells a chat as a transcript before its last message', () => {
    const chat = [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Hello!' },
      { role: 'user', content: 'Refund?' },
    ] as const;
    const text =
      'The conversation so far:\n\nUser: Hi\n\nAssistant: Hello!\n\nThe message to answer now:\n\nRefund?';
    expect(textOf(null, { input: chat })).toBe(text);
    expect(textOf('Be brief.\n{{input}}', { input: chat })).toBe(`Be brief.\n${text}`);
    expect(textOf(null, { input: chat.slice(2) })).toBe('Refund?');
  });
});

describe('A template is refused', () => {
  test.each([
    ['asks for the target', '{{target}}'],
    ['asks for a part of the target', '{{ target.team }}'],
    ['does not close a name', 'Hello {{name}'],
    ['does not name anything', 'Hello {{ }}'],
  ])('that %s', (_what, template) => {
    expect(() => createRenderer(template)).toThrow(PawlError);
  });
});

describe('A case is refused, and named,', () => {
  test.each<[string, string | null, Partial<Case>]>([
    ['that lacks a field', '{{product}}', {}],
    ['that lacks the end of a path', '{{a.b}}', { fields: { a: 1 } }],
    ['without the group that is asked for', '{{group}}', { group: null }],
    ['without input and template', null, { input: null }],
    ['whose message is blank', '{{a}}', { fields: { a: ' \n' } }],
    ['whose chat ends with the assistant', null, { input: [{ role: 'assistant', content: 'Hi' }] }],
    ['whose chat is empty', null, { input: [] }],
  ])('%s', (_what, template, given) => {
    const render = createRenderer(template);
    expect(() => render(caseWith({ ...given, id: 'c-17' }))).toThrow(/^case c-17: /);
  });

  test('with the name of the field', () => {
    expect(() => createRenderer('{{product}}')(caseWith())).toThrow('{{product}}');
  });
});
