import { describe, expect, test, vi } from 'vitest';
import { recordedDataset } from '../../core/evaluation.ts';
import { evalRunKey } from '../../core/session.ts';
import type { Duty } from '../../queue/duties.ts';
import { insertAgent } from '../../store/agents.ts';
import { insertAlias } from '../../store/aliases.ts';
import { insertDataset, insertRevision } from '../../store/datasets.ts';
import type { Store } from '../../store/dialect.ts';
import { insertEvalRun } from '../../store/eval-runs.ts';
import { sampleRun } from '../../store/evals.testsuite.ts';
import { insertPromotion } from '../../store/promotions.ts';
import { insertRollout } from '../../store/rollouts.ts';
import { updateSession } from '../../store/sessions.ts';
import { insertShadow, insertShadowPairs } from '../../store/shadows.ts';
import { sampleAgent } from '../../store/store.testsuite.ts';
import { ago, by, nothing, openBench, removeFrom } from './retention.testsuite.ts';

/*
 * The goal: what is old goes, and what anything still needs stays. The method: the walk on each database, at a moment
 * that the test chooses.
 */

describe.each(['SQLite', 'PostgreSQL'])('On %s', (kind) => {
  const bench = openBench(kind);
  const { room, walk, seed, left } = bench;

  test('old sessions go, archived or not, and young and busy ones stay', async () => {
    await seed('sesn_idle');
    await seed('sesn_archived', { status: 'terminated', archived_at: ago(40) });
    await seed('sesn_waits_long', { open_calls: '[]', updated_at: ago(31) });
    await seed('sesn_waits', { open_calls: '[]', updated_at: ago(29) });
    await seed('sesn_young', { updated_at: ago(29) });
    await seed('sesn_running', { status: 'running' });
    await seed('sesn_rescheduling', { status: 'rescheduling' });
    await walk();
    expect(await left()).toEqual(['sesn_rescheduling', 'sesn_running', 'sesn_waits', 'sesn_young']);
  });

  test("an agent's own rule comes before the setting, also one that keeps sessions for ever", async () => {
    const { rules } = room();
    await seed('sesn_of_rule', { updated_at: ago(10) });
    await rules.set(bench.fresh.agent_id, { days: 7 }, by);
    const other = `${bench.fresh.agent_id}_other`;
    await bench.store.write((tx) => insertAgent(tx, sampleAgent(other)));
    await seed('sesn_for_ever', { agent_id: other });
    await rules.set(other, { days: null }, by);
    await walk();
    expect(await left()).toEqual(['sesn_for_ever']);
    await rules.clear(other, by);
    await walk();
    expect(await left()).toEqual([]);
  });

  test('without a setting, only agents with a rule of their own lose sessions', async () => {
    const { rules } = room({ defaults: nothing });
    const other = `${bench.fresh.agent_id}_other`;
    await bench.store.write((tx) => insertAgent(tx, sampleAgent(other)));
    await seed('sesn_a');
    await seed('sesn_b', { agent_id: other });
    await rules.set(other, { days: 30 }, by);
    await walk({ defaults: nothing });
    expect(await left()).toEqual(['sesn_a']);
  });

  test('a session that was made for an eval run stays until the run is over', async () => {
    const { store } = bench;
    const id = `erun_of_${bench.fresh.agent_id}`;
    await store.write((tx) => insertEvalRun(tx, sampleRun(id, { status: 'running' })));
    await seed('sesn_of_run', { metadata: JSON.stringify({ [evalRunKey]: id }) });
    await walk();
    expect(await left()).toEqual(['sesn_of_run']);
    await store.db.updateTable('eval_runs').set({ status: 'completed' }).where('id', '=', id).execute();
    await walk();
    expect(await left()).toEqual([]);
  });

  test('sessions stay while what users said to their agent is put to another version', async () => {
    const { store } = bench;
    const [run, revision] = [`erun_of_${bench.fresh.agent_id}`, `drev_of_${bench.fresh.agent_id}`];
    await store.write(async (tx) => {
      const times = { created_at: ago(1), updated_at: ago(1), archived_at: null };
      const dataset = { id: `dset_of_${bench.fresh.agent_id}`, name: recordedDataset(bench.fresh.agent_id) };
      await insertDataset(tx, { ...dataset, description: null, latest_revision_id: null, ...times });
      const content = { hash: 'hash', cases: 1, summary: '{}', created_at: ago(1) };
      await insertRevision(tx, { id: revision, dataset_id: dataset.id, ...content });
      await insertEvalRun(tx, sampleRun(run, { dataset_revision_id: revision, status: 'pending' }));
    });
    await seed('sesn_recorded');
    await walk();
    expect(await left()).toEqual(['sesn_recorded']);
    await store.db.updateTable('eval_runs').set({ status: 'failed' }).where('id', '=', run).execute();
    await walk();
    expect(await left()).toEqual([]);
  });

  test('evidence of a rollout stays until that is over, and what was counted stays for good', async () => {
    const { store } = bench;
    const rollout_id = `roll_of_${bench.fresh.agent_id}`;
    await seedRollout(store, bench.fresh.agent_id, rollout_id);
    await seed('sesn_canary', { rollout_id, arm: 'canary', weight: 100, unit: 'unit' });
    const counted = { session_id: 'sesn_canary', rollout_id, counted: '{}' };
    await store.db.insertInto('rollout_sessions').values(counted).execute();
    await walk();
    expect(await left()).toEqual(['sesn_canary']);
    const over = { status: 'completed', ended_at: ago(1) } as const;
    await store.db.updateTable('rollouts').set(over).where('id', '=', rollout_id).execute();
    await walk();
    expect(await left()).toEqual([]);
    const kept = store.db.selectFrom('rollout_sessions').selectAll().where('rollout_id', '=', rollout_id);
    expect(await kept.execute()).toEqual([counted]);
    await store.db.deleteFrom('rollout_sessions').execute();
  });

  test('a session that a shadow copies stays with its copy until the shadow is done', async () => {
    const { store } = bench;
    const shadow_id = `shdw_of_${bench.fresh.agent_id}`;
    await seedShadow(store, bench.fresh.agent_id, shadow_id);
    await seed('sesn_copied');
    await seed('sesn_copy', { copy_of: 'sesn_copied' });
    await seed('sesn_not_copied');
    await store.write((tx) =>
      insertShadowPairs(tx, [
        {
          ...{ shadow_id, session_id: 'sesn_copied', shadow_session_id: 'sesn_copy', status: 'open' },
          ...{ seen_turns: 1, turns: 1, tally: null, reason: null, created_at: ago(41) },
        },
      ]),
    );
    await walk();
    expect(await left()).toEqual(['sesn_copied', 'sesn_copy']);
    const done = { status: 'completed', ended_at: ago(1), copies_archived: 1 } as const;
    await store.db.updateTable('shadows').set(done).where('id', '=', shadow_id).execute();
    await walk();
    expect(await left()).toEqual([]);
  });

  test('a session that goes on between the look and the deletion stays', async () => {
    await seed('sesn_wakes');
    const { tick } = room({}, async (store, id, agree) => {
      await store.write((tx) => updateSession(tx, id, { updated_at: ago(0) }));
      await removeFrom(store, id, agree);
    });
    while (!(await tick()));
    expect(await left()).toEqual(['sesn_wakes']);
  });

  test('a rule that is changed while sessions are being deleted holds at once', async () => {
    for (const id of ['sesn_0', 'sesn_1', 'sesn_2']) await seed(id);
    const { rules } = room();
    const { tick } = room({}, async (store, id, agree) => {
      if (id === 'sesn_1') await rules.set(bench.fresh.agent_id, { days: null }, by);
      await removeFrom(store, id, agree);
    });
    while (!(await tick()));
    expect(await left()).toEqual(['sesn_1', 'sesn_2']);
  });

  test('a process whose duty it is not any more stops at the next session', async () => {
    for (const id of ['sesn_0', 'sesn_1', 'sesn_2']) await seed(id);
    let isMine = true;
    let wake = (): void => {};
    const duty: Pick<Duty, 'isMine' | 'onWake'> = {
      isMine: () => isMine,
      onWake: (onWake) => {
        wake = onWake;
      },
    };
    const { start, stop } = room({ duty }, async (store, id, agree) => {
      isMine = isMine && id !== 'sesn_1';
      await removeFrom(store, id, agree);
    });
    start();
    await vi.waitFor(async () => expect(await left()).toEqual(['sesn_2']));
    isMine = true;
    await vi.waitFor(async () => {
      wake();
      expect(await left()).toEqual([]);
    });
    await stop();
  });

  test('a walk is done in parts, and goes on behind what has to stay', async () => {
    const { store } = bench;
    const rollout_id = `roll_of_${bench.fresh.agent_id}`;
    await seedRollout(store, bench.fresh.agent_id, rollout_id);
    const names = Array.from({ length: 250 }, (_, i) => `sesn_${String(i).padStart(3, '0')}`);
    for (const name of names) await seed(name, { rollout_id, arm: 'control', weight: 1, unit: name });
    await seed('sesn_last', { updated_at: ago(39) });
    await walk();
    expect(await left()).toEqual(names);
    const { due } = await room().rules.retrieve(bench.fresh.agent_id);
    expect(due).toEqual({ sessions: 0, kept: 250, more: false });
    const over = { status: 'aborted', ended_at: ago(1) } as const;
    await store.db.updateTable('rollouts').set(over).where('id', '=', rollout_id).execute();
    const { due: then } = await room().rules.retrieve(bench.fresh.agent_id);
    expect(then).toEqual({ sessions: 250, kept: 0, more: false });
    await walk();
    expect(await left()).toEqual([]);
  });
});

async function seedRollout(store: Store, agent_id: string, id: string): Promise<void> {
  const [alias, promotion_id] = ['production', `promo_of_${agent_id}`];
  const times = { created_at: ago(60), updated_at: ago(60) };
  await store.write(async (tx) => {
    await insertAlias(tx, {
      ...{ agent_id, name: alias, version: 1, move: 0, hold: null, policy: '{}' },
      ...{ rollout_id: null, canary_salt: null, canary_version: null, canary_weight: null, ...times },
    });
    await insertPromotion(tx, {
      ...{ id: promotion_id, agent_id, alias, candidate_version: 1, status: 'approved', author: '{}' },
      ...{ reason: null, basis: '{}', basis_hash: 'hash', reviews: 0, comparison_id: null, override: null },
      ...{ move: null, rollout_id: null, ended_at: null, ...times },
    });
    await insertRollout(tx, {
      ...{ id, agent_id, alias, promotion_id, baseline_version: 1, candidate_version: 1, salt: 's' },
      ...{ retry_of: null, settings: '{}', status: 'running', step: 0, weight: 100, step_since: ago(60) },
      ...{ pause: null, state: '{}', decision: null, looks: 0, last_look_at: null, next_look_at: null },
      ...{ last_traffic_at: ago(60), events: 0, actor: '{}', reason: null, ...times, ended_at: null },
      ...{ ended_by: null, end_reason: null },
    });
  });
}

async function seedShadow(store: Store, agent_id: string, id: string): Promise<void> {
  const times = { created_at: ago(60), updated_at: ago(60) };
  await store.write(async (tx) => {
    await insertAlias(tx, {
      ...{ agent_id, name: 'production', version: 1, move: 0, hold: null, policy: '{}' },
      ...{ rollout_id: null, canary_salt: null, canary_version: null, canary_weight: null, ...times },
    });
    await insertShadow(tx, {
      ...{ id, agent_id, alias: 'production', baseline_version: 1, candidate_version: 1, sample: 1 },
      ...{ max_sessions: 10, begun: 1, eval_id: null, status: 'running', ended_reason: null },
      ...{ copies_archived: 0, seen_until: ago(1), actor: '{}', ...times, ended_at: null },
    });
  });
}
