import { describe, expect, test } from 'vitest';
import { contentHash } from '../../core/canonical.ts';
import type { ColumnMapping } from './columns.ts';
import { type CellKind, readCase } from './read-case.ts';
import type { Row } from './row.ts';

const blank = {
  ...{ input: null, target: null, group: null, cluster: null },
  ...{ weight: 1, must_pass: false, split: null, fields: {} },
};

function read(row: Row, mapping: ColumnMapping = {}, cells: CellKind = 'json'): unknown {
  const reading = readCase(row, { mapping, cells });
  return reading.ok ? reading.fit.case : reading.complaints;
}

describe('A row is read as a case', () => {
  test('with every part in its place', () => {
    const row = {
      ...{ id: 'a', input: 'Hello', target: { team: 'x' }, group: 'g', cluster: 'c' },
      ...{ weight: 2.5, must_pass: true, split: 'test', note: 7, deep: { er: [null] } },
    };
    const { note, deep, ...parts } = row;
    expect(read(row)).toEqual({ ...parts, fields: { note, deep } });
  });

  test.each([
    ['input', ['input', 'question', 'prompt']],
    [
      'target',
      [
        'target',
        'expected',
        'expected_output',
        'ground_truth',
        'groundTruth',
        'reference',
        'label',
        'output',
      ],
    ],
    ['group', ['group', 'category']],
    ['cluster', ['cluster', 'source_id']],
  ])('whose %s may be called %j', (role, names) => {
    for (const name of names) {
      expect(read({ id: 'a', note: 1, [name]: 'value' })).toEqual({
        ...{ ...blank, id: 'a', fields: { note: 1 } },
        [role]: 'value',
      });
    }
  });

  test('whose input is a conversation', () => {
    const messages = [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Yes?' },
      { role: 'user', content: 'Help' },
    ];
    expect(read({ id: 'a', messages })).toEqual({ ...blank, id: 'a', input: messages });
    expect(read({ id: 'a', input: messages })).toEqual({ ...blank, id: 'a', input: messages });
  });

  test('whose columns a mapping names, one of them twice, and into objects', () => {
    const row = { key: 'a', subject: 'S', team: 'x', metadata: { area: { name: 'north' } }, label: 'kept' };
    const mapping = {
      id: 'key',
      input: 'subject',
      target: 'team',
      group: 'team',
      cluster: 'metadata.area.name',
    };
    expect(read(row, mapping)).toEqual({
      ...{ ...blank, id: 'a', input: 'S', target: 'x', group: 'x', cluster: 'north' },
      fields: { metadata: { area: { name: 'north' } }, label: 'kept' },
    });
    expect(
      read({ id: 'a', 'metadata.x': 'flat', metadata: { x: 'deep' } }, { group: 'metadata.x' }),
    ).toMatchObject({
      group: 'flat',
    });
  });

  test('whose vars are fields, whatever they are called', () => {
    expect(read({ id: 'a', vars: { input: 1, vars: 2, n: null }, m: null })).toEqual({
      ...{ ...blank, id: 'a', fields: { input: 1, vars: 2, n: null, m: null } },
    });
  });

  test('that must pass when its tags say so, unless its column speaks for itself', () => {
    expect(read({ id: 'a', tags: ['x', 'must_pass'] })).toMatchObject({ must_pass: true });
    expect(read({ id: 'a', tags: 'x; must_pass' })).toMatchObject({ must_pass: true });
    expect(read({ id: 'a', tags: 'not_must_pass' })).toMatchObject({ must_pass: false });
    expect(read({ id: 'a', tags: ['must_pass'], must_pass: false })).toMatchObject({
      ...{ must_pass: false, fields: { tags: ['must_pass'] } },
    });
  });

  test('from text, where a part needs another type', () => {
    const row = {
      id: '007',
      input: '7',
      target: undefined,
      weight: '0.5',
      must_pass: 'TRUE',
      note: undefined,
    };
    expect(read(row, {}, 'text')).toEqual({
      ...{ ...blank, id: '007', input: '7', weight: 0.5, must_pass: true, fields: { note: '' } },
    });
    expect(read({ id: 'a', input: 'x', must_pass: '0' }, {}, 'text')).toMatchObject({ must_pass: false });
  });

  test('with the names that every object has as plain names', () => {
    const row = JSON.parse('{"id":"a","__proto__":1,"constructor":2,"toString":3}') as Row;
    const { fields } = read(row) as { fields: object };
    expect(Object.entries(fields)).toEqual([
      ['__proto__', 1],
      ['constructor', 2],
      ['toString', 3],
    ]);
    expect(read({ id: 'a', note: 1 }, { target: 'constructor', group: 'note.toString' })).toMatchObject({
      ...{ target: null, group: null },
    });
  });
});

test('Without an id, the id is made of the content, whatever the order of its columns', () => {
  const { id, ...rest } = read({ input: 'x', a: 1, b: 2 }) as { id: string };
  expect(id).toBe(`case_${contentHash(rest).slice(0, 24)}`);
  expect(read({ b: 2, a: 1, input: 'x' })).toMatchObject({ id });
  expect(read({ b: 2, a: 1, input: 'y' })).not.toMatchObject({ id });
});

test('The hash is that of the case, and the body is what is hashed', () => {
  const reading = readCase({ id: 'a', b: 2, a: 1 }, { mapping: {}, cells: 'json' });
  if (!reading.ok) throw new Error('This case is fit');
  expect(reading.fit.hash).toBe(contentHash(reading.fit.case));
  expect(JSON.parse(reading.fit.body)).toEqual(reading.fit.case);
});

const nested = (depth: number): Row[string] => (depth === 0 ? 1 : [nested(depth - 1) ?? null]);

describe('A row is refused by the column and what it must be', () => {
  const name = 'must be a text of 1 to 200 characters';
  const text = 'must be well-formed text without NUL';
  const some = { id: 'a', input: 'x' };
  test.each<[string, Row, string[]]>([
    ['an id that is no text', { ...some, id: 7 }, [`id: ${name}`]],
    ['an empty id', { ...some, id: '' }, [`id: ${name}`]],
    ['a long id', { ...some, id: 'x'.repeat(201) }, [`id: ${name}`]],
    ['a group that is no text', { ...some, category: 7 }, [`category: ${name}`]],
    ['a cluster that is no text', { ...some, source_id: [] }, [`source_id: ${name}`]],
    ['a split that is no text', { ...some, split: {} }, [`split: ${name}`]],
    ['an input of a wrong type', { id: 'a', input: 7 }, ['input: must be a text or a list of messages']],
    ['a blank input', { id: 'a', prompt: ' \n' }, ['prompt: must not be blank']],
    [
      'no messages',
      { id: 'a', messages: [] },
      ['messages: must hold at least one message, and the last must have the role user'],
    ],
    [
      'an answer at the end',
      {
        id: 'a',
        messages: [
          { role: 'user', content: 'a' },
          { role: 'assistant', content: 'b' },
        ],
      },
      ['messages: must hold at least one message, and the last must have the role user'],
    ],
    [
      'a system message',
      {
        id: 'a',
        messages: [
          { role: 'system', content: 'a' },
          { role: 'user', content: 'b' },
        ],
      },
      ['messages[0].role: must be user or assistant; a system prompt belongs to the agent'],
    ],
    [
      'a message without text',
      { id: 'a', messages: [{ role: 'user', content: [] }] },
      ['messages[0].content: must be a text that is not blank'],
    ],
    [
      'a message with more',
      { id: 'a', messages: [{ role: 'user', content: 'a', name: 'Al' }] },
      ['messages[0].name: must be left out; a message has role and content'],
    ],
    [
      'a message that is none',
      { id: 'a', messages: ['hello'] },
      ['messages[0].role: must be user or assistant; a system prompt belongs to the agent'],
    ],
    ['a weight of nothing', { ...some, weight: 0 }, ['weight: must be a number from 0.000001 to 1000000']],
    [
      'a weight too small to count',
      { ...some, weight: 1e-60 },
      ['weight: must be a number from 0.000001 to 1000000'],
    ],
    [
      'a weight that buries the others',
      { ...some, weight: 1e7 },
      ['weight: must be a number from 0.000001 to 1000000'],
    ],
    ['a weight as text', { ...some, weight: '2' }, ['weight: must be a number from 0.000001 to 1000000']],
    ['a must_pass as text', { ...some, must_pass: 'true' }, ['must_pass: must be true or false']],
    [
      'two names of one part',
      { id: 'a', question: 'x', prompt: 'y' },
      ['question, prompt: only one of them may be the input; say which by a mapping'],
    ],
    ['vars that are no object', { ...some, vars: [1] }, ['vars: must be an object']],
    [
      'vars beside a column',
      { ...some, note: 1, vars: { note: 2 } },
      ['vars.note: must not be there beside a column note'],
    ],
    [
      'nothing to say',
      { id: 'a', target: 'x' },
      ['input: must be given, unless there are other columns to make a message from'],
    ],
    ['NUL', { ...some, note: ['a', { b: 'x\0y' }] }, [`note[1].b: ${text}`]],
    ['NUL in an id', { ...some, id: 'x\0y' }, [`id: ${text}`]],
    ['half of a surrogate pair', { id: 'a', input: 'x\ud800' }, [`input: ${text}`]],
    ['NUL in a name', { ...some, note: { 'b\0': 1 } }, ['note.b: must have a well-formed name without NUL']],
    [
      'a number that is none',
      { ...some, note: JSON.parse('1e999') as number },
      ['note: must be a number below 1.8e308'],
    ],
    [
      'a deep row',
      { ...some, note: nested(33) },
      [`note${'[0]'.repeat(32)}: must be nested at most 32 deep`],
    ],
    [
      'a very deep row',
      { ...some, note: JSON.parse('['.repeat(9000) + ']'.repeat(9000)) as [] },
      [`note${'[0]'.repeat(32)}: must be nested at most 32 deep`],
    ],
    ['a large row', { ...some, note: 'x'.repeat(256 * 1024) }, ['a case must take at most 256 KiB']],
    [
      'several',
      { id: '', input: 1, weight: -1 },
      [
        'input: must be a text or a list of messages',
        'weight: must be a number from 0.000001 to 1000000',
        `id: ${name}`,
      ],
    ],
  ])('%s', (_what, row, complaints) => {
    expect(read(row)).toEqual(complaints);
  });

  test.each<[string, Row, string]>([
    [
      'a weight that is no number',
      { ...some, weight: 'heavy' },
      'weight: must be a number from 0.000001 to 1000000',
    ],
    [
      'a weight without end',
      { ...some, weight: 'Infinity' },
      'weight: must be a number from 0.000001 to 1000000',
    ],
    ['a must_pass of another word', { ...some, must_pass: 'yes' }, 'must_pass: must be true, false, 1 or 0'],
  ])('%s, in text', (_what, row, complaint) => {
    expect(read(row, {}, 'text')).toEqual([complaint]);
  });

  test('nested just as deep as is allowed, it is read', () => {
    expect(read({ ...some, note: nested(32) })).toMatchObject({ id: 'a' });
  });
});
