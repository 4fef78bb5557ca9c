import { describe, expect, test } from 'vitest';
import { contentHash } from '../../core/canonical.ts';
import { agentFields } from './agent-fields.ts';
import { decideKnown, decideNew, forced, isBlocked } from './decide.ts';

const fieldsOf = (system: string) => agentFields({ name: 'Triage', model: 'm', system });
const file = (system: string) => {
  const fields = fieldsOf(system);
  return { path: 'agents/triage.md', fields, hash: contentHash(fields) };
};
const agent = (version: number, system: string, changes: object = {}) => ({
  ...{
    id: 'agent_1',
    version,
    archived_at: null,
    updated_at: '2026-01-31T12:00:00Z',
    author: null,
    message: null,
  },
  fields: fieldsOf(system),
  ...changes,
});
/** The lock after version 1 was made of a file that says "old". */
const locked = {
  ...{ id: 'agent_1', version: 1 },
  file_hash: file('old').hash,
  server_hash: contentHash(fieldsOf('old')),
};

describe('A file whose agent is known', () => {
  test.each([
    ['unchanged when nothing has changed', 'old', agent(1, 'old'), 'unchanged'],
    ['an update when the file has', 'new', agent(1, 'old'), 'update'],
    ['drift when the agent has', 'old', agent(2, 'theirs'), 'drift'],
    ['drift when both have', 'new', agent(2, 'theirs'), 'drift'],
    ['drift when both have, and the agent back again', 'new', agent(3, 'old'), 'drift'],
    ['drift when a version is not what it was', 'old', agent(1, 'theirs'), 'drift'],
    ['only for the lock when both have changed alike', 'new', agent(2, 'new'), 'record'],
    ['only for the lock when the agent has changed and changed back', 'old', agent(3, 'old'), 'record'],
    [
      'nothing to apply when the agent is archived',
      'new',
      agent(1, 'old', { archived_at: 'then' }),
      'archived',
    ],
    ['nothing to apply when the server has no such agent', 'new', null, 'missing'],
  ] as const)('is %s', (_when, system, found, kind) => {
    expect(decideKnown(file(system), locked, found).kind).toBe(kind);
  });

  test('is drift when the agent has changed in what the file leaves open', () => {
    const fields = agentFields({ ...fieldsOf('old'), model: { id: 'm', effort: 'low' } });
    expect(decideKnown(file('old'), locked, agent(2, '', { fields })).kind).toBe('drift');
  });
});

describe('A file that the lock does not know', () => {
  test('makes an agent when nobody has its name', () => {
    expect(decideNew(file('old'), [])).toEqual({ kind: 'create' });
  });

  test('is the agent of its name that says the same, among whatever others', () => {
    const same = agent(1, 'old');
    expect(decideNew(file('old'), [same])).toEqual({ kind: 'record', agent: same });
    expect(decideNew(file('old'), [agent(1, 'a'), same, agent(1, 'b')])).toEqual({
      kind: 'record',
      agent: same,
    });
  });

  test('waits for a person when its name stands for something else', () => {
    const other = agent(4, 'theirs');
    expect(decideNew(file('old'), [other])).toEqual({ kind: 'taken', agent: other });
    expect(decideNew(file('old'), [other, agent(1, 'x')]).kind).toBe('ambiguous');
    expect(decideNew(file('old'), [agent(1, 'old'), agent(1, 'old')]).kind).toBe('ambiguous');
  });
});

test('Force lets the file win where it is known over which version, and nowhere else', () => {
  const theirs = agent(2, 'theirs');
  const update = { kind: 'update', agent: theirs };
  expect(forced(decideKnown(file('old'), locked, theirs))).toEqual(update);
  expect(forced(decideNew(file('old'), [theirs]))).toEqual(update);
  for (const stays of [
    decideKnown(file('old'), locked, null),
    decideKnown(file('old'), locked, agent(1, 'old')),
    decideKnown(file('old'), locked, agent(2, 'theirs', { archived_at: 'then' })),
    decideNew(file('old'), [theirs, theirs]),
  ]) {
    expect(forced(stays)).toBe(stays);
  }
});

test('A plan is blocked by everything that is neither work nor done', () => {
  const theirs = agent(2, 'theirs');
  const decisions = [
    decideNew(file('old'), []),
    decideKnown(file('new'), locked, agent(1, 'old')),
    decideKnown(file('new'), locked, agent(2, 'new')),
    decideKnown(file('old'), locked, agent(1, 'old')),
    decideKnown(file('old'), locked, theirs),
    decideKnown(file('old'), locked, null),
    decideNew(file('old'), [theirs]),
  ];
  expect(decisions.map(isBlocked)).toEqual([false, false, false, false, true, true, true]);
});
