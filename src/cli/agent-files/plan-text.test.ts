import { expect, test } from 'vitest';
import type { Paint } from '../../core/plain-text.ts';
import { agentFields } from './agent-fields.ts';
import type { Decision } from './decide.ts';
import type { Step } from './make-plan.ts';
import { planText, stepRow } from './plan-text.ts';

const bare = (text: string): string => text;
const paint: Paint = { bold: bare, dim: bare, green: bare, red: bare, yellow: bare };
const fieldsOf = (system: string, model: unknown = 'm') => agentFields({ name: 'Triage', model, system });
const agentOf = (system: string, model?: unknown) => ({
  ...{
    id: 'agent_1',
    version: 2,
    archived_at: null,
    updated_at: '2026-01-31T12:00:00Z',
    author: 'Anna',
    message: 'Try this',
  },
  fields: fieldsOf(system, model),
});
const stepOf = (system: string, decision: Decision, more: Partial<Step> = {}): Step => ({
  file: { path: 'a.md', fields: fieldsOf(system), hash: '' },
  ...{ decision, moved_from: null, locked_fields: null, ...more },
});
const text = (...steps: readonly Step[]): string => planText(steps, paint, 'http://there');
const locked = { id: 'agent_1', version: 1, file_hash: '', server_hash: '' };

test.each<[Decision, string]>([
  [{ kind: 'create' }, 'a.md: a new agent, Triage, on m.'],
  [
    { kind: 'record', agent: agentOf('old') },
    'a.md: agent_1 at version 2 says the same; only the lock is written.',
  ],
  [{ kind: 'unchanged', agent: agentOf('old') }, 'a.md: unchanged, agent_1 at version 2.'],
  [
    { kind: 'drift', agent: agentOf('old'), locked },
    'a.md: drift: agent_1 at version 2, changed by Anna at 2026-01-31T12:00:00Z ("Try this"), and the lock knows version 1.',
  ],
  [
    { kind: 'ambiguous', agents: [agentOf('a'), agentOf('b')] },
    'several agents have its name: agent_1, agent_1.',
  ],
  [{ kind: 'archived', agent: agentOf('old') }, 'a.md: agent_1 is archived and takes no more versions.'],
  [{ kind: 'missing', id: 'agent_9' }, 'a.md: agent_9 is not at http://there.'],
])('A plan says in a sentence what becomes of a file: %j', (decision, sentence) => {
  expect(text(stepOf('old', decision))).toContain(sentence);
});

test('Drift shows what others have changed, and without their version what the file would', () => {
  const decision = { kind: 'drift', agent: agentOf('theirs'), locked } as const;
  const known = text(stepOf('ours', decision, { locked_fields: fieldsOf('old') }));
  expect(known).toContain('--- agent_1 at version 1\n  +++ agent_1 at version 2\n');
  expect(known).toContain('  -old\n  +theirs\n');
  expect(text(stepOf('ours', decision))).toContain('  -theirs\n  +ours\n');
});

test('An update of which nothing is to be seen says so', () => {
  const agent = agentOf('same', { id: 'm', effort: { type: 'low' }, speed: 'standard' });
  const step = stepOf('same', { kind: 'update', agent });
  expect(text(step)).toContain('goes from version 2 to version 3. Nothing is to be seen that differs');
  expect(stepRow(step)).toEqual({
    ...{ path: 'a.md', action: 'update', agent_id: 'agent_1', version: 2, diff: null },
  });
});

test('Characters that a terminal would obey, or that cannot be seen, are spelled out', () => {
  const agent = agentOf('red \u001b[31m\tand\u202e back\r');
  const shown = text(stepOf('red', { kind: 'update', agent }));
  expect(shown).toContain('  -red \\u{1b}[31m\tand\\u{202e} back\\u{d}\n  +red\n');
});

test('An instruction that nobody would see is there to be seen', () => {
  const hidden = [...'obey'].map((letter) => String.fromCodePoint(0xe0000 + letter.charCodeAt(0))).join('');
  const shown = text(stepOf(`Sort.${hidden}\u200b`, { kind: 'update', agent: agentOf('Sort.') }));
  expect(shown).toContain('  -Sort.\n  +Sort.\\u{e006f}\\u{e0062}\\u{e0065}\\u{e0079}\\u{200b}\n');
});

test('The end counts what there is to do', () => {
  const steps = [
    stepOf('a', { kind: 'create' }),
    stepOf('a', { kind: 'create' }),
    stepOf('a', { kind: 'unchanged', agent: agentOf('a') }),
    stepOf('a', { kind: 'missing', id: 'agent_1' }),
  ];
  expect(text(...steps)).toMatch(/\n\n2 to create, 1 unchanged, 1 that cannot be applied as they are\.$/);
});

test('A program gets the diff as it is, and the id that is missing', () => {
  const row = stepRow(stepOf('new', { kind: 'update', agent: agentOf('old') }));
  expect(row.diff).toMatch(/^--- agent_1 at version 2\n\+\+\+ a\.md\n@@ [\s\S]*-old\n\+new\n$/);
  expect(stepRow(stepOf('new', { kind: 'missing', id: 'agent_9' }))).toMatchObject({
    ...{ agent_id: 'agent_9', version: null, diff: null },
  });
});
