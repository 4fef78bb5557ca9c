import { describe, expect, test } from 'vitest';
import { localActor } from '../../access/keys.ts';
import type { PageRequest } from '../../core/page.ts';
import { readAudit } from '../../store/audit.ts';
import { by, openBench } from './retention.testsuite.ts';

describe.each(['SQLite', 'PostgreSQL'])('On %s', (kind) => {
  const bench = openBench(kind);
  const { room } = bench;

  test('a rule is in the audit log with what it replaced, and one that changes nothing is not', async () => {
    const { rules } = room();
    const entries = async () =>
      (await readAudit(bench.store.db, 0, 10_000)).filter(
        ({ subject_id }) => subject_id === bench.fresh.agent_id,
      );
    const reason = 'As our notice says';
    await rules.set(bench.fresh.agent_id, { days: 90, export: false }, { actor: localActor, reason });
    await rules.set(bench.fresh.agent_id, { days: 90, export: false }, by);
    await rules.clear(bench.fresh.agent_id, by);
    await rules.clear(bench.fresh.agent_id, by);
    const found = await entries();
    expect(found.map(({ action, reason, before, after }) => [action, reason, before, after])).toEqual([
      ['retention.changed', reason, 'null', '{"days":90,"export":false}'],
      ['retention.changed', null, '{"days":90,"export":false}', 'null'],
    ]);
  });

  test('an export that there is no folder for is refused by name, and so is a rule for no agent', async () => {
    const { rules } = room();
    const refused = rules.set(bench.fresh.agent_id, { days: 1, export: true }, by);
    await expect(refused).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(refused).rejects.toThrow(/^export: must be false/);
    await expect(rules.set('agent_none', { days: 1 }, by)).rejects.toMatchObject({ code: 'agent_not_found' });
    expect(await rules.retrieve(bench.fresh.agent_id)).toMatchObject({
      source: 'server',
      days: 30,
      updated_at: null,
    });
  });

  test.runIf(kind === 'SQLite')('others have their turn while what is due is counted', async () => {
    for (let i = 0; i < 250; i++) await bench.seed(`sesn_due${i}`);
    const { rules } = room();
    let others = 0;
    setImmediate(() => others++);
    const { due } = await rules.retrieve(bench.fresh.agent_id);
    expect(due).toEqual({ sessions: 250, kept: 0, more: false });
    expect(others).toBe(1);
  });

  test('the list says of each agent which rule it has', async () => {
    const { rules } = room();
    await rules.set(bench.fresh.agent_id, { days: 5 }, by);
    const list = { name: 'retention', key: ['string', 'string'], backwards: false } as const;
    const request: PageRequest = { list, limit: 100, order: 'desc', cursor: null };
    const { data } = await rules.list(request);
    const found = data.find((one) => one.agent_id === bench.fresh.agent_id);
    expect(found).toMatchObject({ agent_name: 'Porter', source: 'agent', days: 5, export: false });
    expect(data.filter(({ source }) => source === 'agent')).toHaveLength(1);
  });
});
