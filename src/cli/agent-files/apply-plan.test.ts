import { expect, test } from 'vitest';
import { contentHash } from '../../core/canonical.ts';
import { RefusedError } from '../api-client.ts';
import { agentFields } from './agent-fields.ts';
import type { AgentsApi, ServerAgent } from './agents-api.ts';
import { applyPlan, type Outcome, OvertakenError } from './apply-plan.ts';
import type { Decision } from './decide.ts';
import type { Lock } from './lock.ts';
import type { Step } from './make-plan.ts';

const fieldsOf = (name: string) => agentFields({ name, model: 'm' });
const agentOf = (name: string, version = 1): ServerAgent => ({
  ...{
    id: `agent_${name}`,
    version,
    archived_at: null,
    updated_at: '',
    author: null,
    message: null,
    fields: fieldsOf(name),
  },
});
const stepOf = (name: string, decision: Decision, moved_from: string | null = null): Step => ({
  file: { path: `${name}.md`, fields: fieldsOf(name), hash: contentHash(fieldsOf(name)) },
  ...{ decision, moved_from, locked_fields: null },
});
const entryOf = (name: string, version = 1) => ({
  ...{ id: `agent_${name}`, version },
  file_hash: contentHash(fieldsOf(name)),
  server_hash: contentHash(fieldsOf(name)),
});

/** Carries out a plan and keeps what was told and what the lock was after each file. */
async function apply(
  steps: readonly Step[],
  { update, lock = new Map() }: { update?: AgentsApi['update']; lock?: Lock } = {},
) {
  const outcomes: Outcome[] = [];
  const saved: Lock[] = [];
  const stop = new AbortController();
  const api: AgentsApi = {
    url: 'http://127.0.0.1:1',
    retrieve: async () => null,
    list: async () => [],
    create: async ({ name }) => agentOf(name),
    update: update ?? (async (before) => ({ ...before, version: before.version + 1 })),
  };
  const save = (now: Lock): void => {
    saved.push(now);
  };
  const work = async (): Promise<void> => {
    const done = applyPlan(steps, { api, lock, save, message: null, signal: stop.signal });
    for await (const outcome of done) {
      outcomes.push(outcome);
      if (outcome.path === 'last.md') stop.abort(new Error('stopped'));
    }
  };
  const error = await work().then(
    () => null,
    (thrown: unknown) => thrown,
  );
  return { outcomes, saved: saved.map((one) => [...one]), error };
}

test('The lock is kept after each file', async () => {
  const steps = [
    stepOf('a', { kind: 'create' }),
    stepOf('b', { kind: 'unchanged', agent: agentOf('b') }),
    stepOf('c', { kind: 'update', agent: agentOf('c', 4) }),
    stepOf('d', { kind: 'record', agent: agentOf('d', 3) }, 'old.md'),
  ];
  const lock = new Map([
    ['b.md', entryOf('b')],
    ['c.md', entryOf('c', 4)],
    ['old.md', entryOf('d', 3)],
  ]);
  const { outcomes, saved, error } = await apply(steps, { lock });
  expect(error).toBeNull();
  expect(outcomes.map(({ path, action, version }) => `${path} ${action} ${version}`)).toEqual([
    ...['a.md created 1', 'b.md unchanged 1', 'c.md updated 5', 'd.md recorded 3'],
  ]);
  expect(saved).toHaveLength(3);
  expect(new Map(saved[0])).toEqual(new Map([...lock, ['a.md', entryOf('a')]]));
  expect(new Map(saved[2])).toEqual(
    new Map([
      ['a.md', entryOf('a')],
      ['b.md', entryOf('b')],
      ['c.md', entryOf('c', 5)],
      ['d.md', entryOf('d', 3)],
    ]),
  );
});

test('An update that the server finds to change nothing is known to the lock all the same', async () => {
  const steps = [stepOf('a', { kind: 'update', agent: agentOf('a', 2) })];
  const { outcomes, saved } = await apply(steps, { update: async (before) => before });
  expect(outcomes).toMatchObject([{ action: 'stayed', version: 2 }]);
  expect(saved).toEqual([[['a.md', entryOf('a', 2)]]]);
});

test('A refusal names the file, and what came before it is kept', async () => {
  const steps = [stepOf('a', { kind: 'create' }), stepOf('b', { kind: 'update', agent: agentOf('b') })];
  const refuse = (status: number) => async () => {
    throw new RefusedError('no route serves m', { status, code: null });
  };
  const refused = await apply(steps, { update: refuse(400) });
  expect(refused.saved).toEqual([[['a.md', entryOf('a')]]]);
  expect(String(refused.error)).toContain('b.md: no route serves m');
  expect(refused.error).not.toBeInstanceOf(OvertakenError);
  expect((await apply(steps, { update: refuse(409) })).error).toBeInstanceOf(OvertakenError);
});

test('Once it is stopped, no other file is begun', async () => {
  const { outcomes, saved, error } = await apply([
    stepOf('last', { kind: 'create' }),
    stepOf('a', { kind: 'create' }),
  ]);
  expect(String(error)).toContain('stopped');
  expect(outcomes).toMatchObject([{ path: 'last.md' }]);
  expect(saved).toHaveLength(1);
});

test('What blocks a plan is never carried out', async () => {
  const { error } = await apply([stepOf('a', { kind: 'missing', id: 'agent_1' })]);
  expect(String(error)).toContain('a.md cannot be applied: missing');
});
