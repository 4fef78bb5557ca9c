import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { AliasResponse } from '../../src/api/aliases.ts';
import type { PromotionResponse } from '../../src/api/promotions.ts';
import type { AuditEntry } from '../../src/core/audit-entry.ts';
import { openRows } from '../database-rows.ts';
import { type CountedModel, startCountedModel } from '../evals/counted-model.ts';
import { all, ask, type Place, putEval } from '../evals/eval-story.ts';
import { quietLog, startPawl, type TestPawl } from '../pawl.ts';
import { type FreshDatabase, migratedDatabase } from '../postgres.ts';
import { type Receiver, startReceiver } from '../webhook-receiver.ts';
import { disagreements } from './agreement.ts';
import { type RaceAnswer, type RaceCall, type Racers, startRacers } from './racers.ts';
import {
  aliasOf,
  approved,
  evaluated,
  type Measured,
  movesOf,
  newMeasured,
  newPeople,
  newPerson,
  type People,
  pathOf,
  withdrawAll,
} from './release-story.ts';

/*
 * The goal: of those who want to move one alias from where it stands, one does and the others are told what is there
 * now; and whatever order things fall into, the alias, its history, its promotions, the audit log and what webhooks are
 * told agree. The method: clients in processes of their own that begin together, on both databases, many times over;
 * the races are left to the machine. At the end, the tables are read by somebody else than the server.
 */

const runners = 6;

describe.each(['SQLite', 'PostgreSQL'])('On %s', (kind) => {
  const rounds = kind === 'SQLite' ? 6 : 4;
  let database: FreshDatabase | null = null;
  let folder: string;
  let receiver: Receiver;
  let model: CountedModel;
  let pawl: TestPawl;
  let people: People;
  let racers: Racers;
  let measured: Measured;
  const logged: unknown[] = [];
  /** What the losers of races were told. */
  const refusals = new Set<string>();

  beforeAll(async () => {
    database = kind === 'PostgreSQL' ? await migratedDatabase() : null;
    folder = mkdtempSync(join(tmpdir(), 'pawl-races-'));
    [receiver, model, racers] = await Promise.all([
      startReceiver(),
      startCountedModel(),
      startRacers(runners),
    ]);
    pawl = await startPawl(
      {
        ...{
          anthropic_base_url: model.url,
          anthropic_api_key: 'upstream-key',
          allow_private_webhooks: 'true',
          max_failed_keys: '100000',
        },
        ...(database === null ? { data_dir: folder } : { database_url: database.url }),
      },
      { log: { ...quietLog, error: (...line) => void logged.push(line) } },
    );
    people = await newPeople(pawl);
    await ask(pawl, '/webhooks', { url: receiver.url, enabled_events: ['*'] });
    measured = await newMeasured(people, { name: 'triage', versions: runners + 1, cases: 30 });
  });

  afterAll(async () => {
    await racers.close();
    await pawl.server.close();
    await model.close();
    await receiver.close();
    await database?.drop();
    rmSync(folder, { recursive: true });
    expect(logged).toEqual([]);
  });

  const call = ({ url, key }: Place, path: string, body: object): RaceCall => ({ url, key, path, body });

  /** Each call from a process of its own, all at once. */
  async function race(...calls: readonly RaceCall[]): Promise<RaceAnswer[]> {
    const answers = (await racers.race(calls.map((one) => [one]))).flat();
    for (const { status, message } of answers) if (status === 409) refusals.add(message);
    return answers;
  }

  /** The one answer that was no error; all others have to be one of these. */
  function onlyWinner(answers: readonly RaceAnswer[], codes: readonly string[]): RaceAnswer {
    const winners = answers.filter(({ status }) => status === 200);
    expect(winners.length, JSON.stringify(answers.map(({ message }) => message))).toBe(1);
    for (const { status, code, message } of answers) {
      if (status !== 200) expect(codes, `${status} ${message}`).toContain(code);
    }
    return winners[0] as RaceAnswer;
  }

  const production = (...rest: string[]) => [pathOf(measured.agent_id), ...rest].join('/');
  const standsFor = async () => (await aliasOf(people.author, measured.agent_id)).version;

  /** Brings production to a version by promotion, from wherever it is, and lets it go. */
  async function promoteTo(version: number): Promise<void> {
    await ask(people.releaser, production('release'), {});
    if ((await standsFor()) === version) return;
    const { id } = await approved(people, measured, version);
    await ask(people.releaser, `/promotions/${id}/apply`, {});
  }

  const entriesOn = (subject: string) =>
    all<AuditEntry>(people.admin, `/audit?order=asc&limit=200&subject=${subject}`);

  test('one of many moves an alias that stands for nothing yet', async () => {
    for (let round = 1; round <= rounds; round++) {
      const path = pathOf(measured.agent_id, `new_${round}`);
      const answers = await race(
        ...Array.from({ length: runners }, (_, i) =>
          call(people.author, path, { version: i + 1, from: null }),
        ),
      );
      const { version } = onlyWinner(answers, ['alias_moved']).body as AliasResponse;
      for (const { status, message } of answers) {
        if (status === 409)
          expect(message).toContain(`new_${round} stands for version ${version}, not for no version`);
      }
      const [first, ...more] = await movesOf(people.author, measured.agent_id, `new_${round}`);
      expect(more).toEqual([]);
      expect(first).toMatchObject({ move: 1, kind: 'set', from_version: null, to_version: version });
    }
  });

  test('one of many moves an alias from where they all saw it, and the others learn where it is', async () => {
    const path = pathOf(measured.agent_id, 'staging');
    let at: number | null = null;
    for (let round = 1; round <= 3 * rounds; round++) {
      const others = Array.from({ length: runners + 1 }, (_, i) => i + 1).filter((version) => version !== at);
      // Somebody wants to take it away altogether, which is a move like any other.
      const targets = others
        .slice(0, runners)
        .map((version, i) => (i === round % 9 && at !== null ? null : version));
      const answers = await race(
        ...targets.map((version) => call(people.author, path, { version, from: at })),
      );
      const won = onlyWinner(answers, ['alias_moved']).body as AliasResponse;
      const now = won.version === null ? 'stands for no version' : `stands for version ${won.version}`;
      for (const { status, message } of answers) if (status === 409) expect(message).toContain(now);
      expect(won.move).toBe(round);
      expect(await aliasOf(people.author, measured.agent_id, 'staging')).toMatchObject({
        version: won.version,
      });
      at = won.version;
    }
    expect(await movesOf(people.author, measured.agent_id, 'staging')).toHaveLength(3 * rounds);
  });

  test('of two promotions on one basis one is applied, and the other has lost its basis', async () => {
    await ask(people.releaser, production(), { version: 1, from: null });
    for (let round = 1; round <= rounds; round++) {
      const [two, three] = [await approved(people, measured, 2), await approved(people, measured, 3)];
      const apply = ({ id }: PromotionResponse) => call(people.releaser, `/promotions/${id}/apply`, {});
      const answers = await race(...[two, three, two, three, two, three].map(apply));
      const won = onlyWinner(answers, ['promotion_over', 'promotion_blocked']).body as PromotionResponse;
      const lost = won.id === two.id ? three : two;
      const other = answers.filter(({ message }) => message.includes(lost.id));
      expect(other).toHaveLength(3);
      for (const { code, message } of other) {
        expect(code).toBe('promotion_blocked');
        expect(message).toContain(
          `the alias stands for version ${won.candidate_version}, not 1; evaluate it again`,
        );
      }
      expect(await standsFor()).toBe(won.candidate_version);
      expect(await ask(people.author, `/promotions/${lost.id}`)).toMatchObject({
        ...{ status: 'approved', move: null, ended_at: null },
        blockers: [{ code: 'basis_changed' }],
      });
      await withdrawAll(people, measured.agent_id);
      await ask(people.releaser, production('rollback'), {});
      await ask(people.releaser, production('release'), {});
    }
  });

  test('those who roll back at once go one step back together', async () => {
    for (let round = 1; round <= rounds; round++) {
      await promoteTo(2);
      await promoteTo(3);
      const from = round % 2 === 0 ? {} : { from: 3 };
      const before = (await aliasOf(people.author, measured.agent_id)).move;
      const rollback = call(people.releaser, production('rollback'), { ...from, reason: `round ${round}` });
      const answers = await race(...Array.from({ length: runners }, () => rollback));
      onlyWinner(answers, [round % 2 === 0 ? 'alias_held' : 'alias_moved']);
      for (const { status, message } of answers) if (status === 409) expect(message).toContain('version 2');
      const alias = await aliasOf(people.author, measured.agent_id);
      expect(alias).toMatchObject({
        version: 2,
        move: before + 1,
        hold: { by: 'Dan', reason: `round ${round}` },
      });
    }
  });

  test('a promotion is applied before a rollback or not at all', async () => {
    const ends = new Set<string>();
    for (let round = 1; round <= rounds; round++) {
      await promoteTo(1);
      await promoteTo(2);
      const { id } = await approved(people, measured, 3);
      const apply = call(people.releaser, `/promotions/${id}/apply`, {});
      const from = round % 3 === 0 ? { from: 2 } : {};
      const rollback = call(people.releaser, production('rollback'), from);
      const calls = round % 2 === 0 ? [apply, rollback] : [rollback, apply];
      const answers = await race(...calls);
      const [applied, back] = round % 2 === 0 ? answers : answers.toReversed();
      const { status } = await ask<PromotionResponse>(people.author, `/promotions/${id}`);
      ends.add(`${applied?.status} ${back?.status} ${await standsFor()} ${status}`);
      if (applied?.status !== 200) expect(applied?.code).toBe('promotion_blocked');
      if (back?.status !== 200) expect(back?.code).toBe('alias_moved');
      await withdrawAll(people, measured.agent_id);
    }
    const allowed = ['200 200 2 rolled_back', '409 200 1 approved', '200 409 3 completed'];
    expect([...ends].filter((end) => !allowed.includes(end))).toEqual([]);
  });

  test('approvals at once are all heard, and each person counts once', async () => {
    await promoteTo(1);
    await ask(people.admin, production('policy'), { approvals: 2 });
    for (let round = 1; round <= rounds; round++) {
      const { id, basis_hash } = await evaluated(people, measured, 2);
      const approve = (by: Place) =>
        call(by, `/promotions/${id}/reviews`, { decision: 'approve', basis_hash });
      const { reviewer, second } = people;
      const answers = await race(...[reviewer, second, reviewer, second, reviewer, second].map(approve));
      expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: runners }, () => 200));
      const promotion = await ask<PromotionResponse>(people.author, `/promotions/${id}`);
      expect(promotion).toMatchObject({ status: 'approved', blockers: [] });
      expect(promotion.reviews).toHaveLength(runners);
      expect(promotion.approvals.given_by.toSorted()).toEqual(['Bob', 'Cleo']);
      const said = (await entriesOn(id)).map(({ action }) => action);
      expect(said.filter((action) => action === 'promotion.approved')).toHaveLength(1);
      await withdrawAll(people, measured.agent_id);
    }
    await ask(people.admin, production('policy'), { approvals: 1 });
  });

  test('a rejection stands, whether an approval came before it or too late', async () => {
    for (let round = 1; round <= rounds; round++) {
      const { id, basis_hash } = await evaluated(people, measured, 2);
      const review = (by: Place, decision: string) =>
        call(by, `/promotions/${id}/reviews`, { decision, comment: 'I looked.', basis_hash });
      const both = [review(people.reviewer, 'approve'), review(people.second, 'reject')];
      const apply = call(people.releaser, `/promotions/${id}/apply`, {});
      const answers = await race(...(round % 2 === 0 ? both : both.toReversed()), apply);
      const promotion = await ask<PromotionResponse>(people.author, `/promotions/${id}`);
      const wasApplied = answers[2]?.status === 200;
      expect(promotion.status).toBe(wasApplied ? 'completed' : 'rejected');
      expect(await standsFor()).toBe(wasApplied ? 2 : 1);
      const heard = promotion.reviews.map(({ decision }) => decision);
      if (wasApplied) expect(heard).toEqual(['approve']);
      else expect(heard.at(-1)).toBe('reject');
      for (const { status, code } of answers) {
        if (status !== 200) expect(['promotion_over', 'promotion_blocked']).toContain(code);
      }
      if (wasApplied) await promoteTo(1);
    }
  });

  test('a key that is revoked does nothing more from then on', async () => {
    for (let round = 1; round <= rounds; round++) {
      const { id, ...temporary } = await newPerson(people.admin, `Temp ${round}`, 'editor');
      const aliases = Array.from({ length: runners - 1 }, (_, i) => `temp_${i}`);
      const lists = await Promise.all(
        aliases.map(async (name) => {
          const known = await all<AliasResponse>(people.admin, `/agents/${measured.agent_id}/aliases`);
          const from = known.find((alias) => alias.name === name)?.version ?? null;
          const steps = Array.from({ length: 6 }, (_, i) => ((from ?? 0) + i) % 7);
          return steps.map((step, i) =>
            call(temporary, pathOf(measured.agent_id, name), {
              version: step + 1,
              from: i === 0 ? from : (steps[i - 1] ?? 0) + 1,
            }),
          );
        }),
      );
      const revoke = call(people.admin, `/keys/${id}/revoke`, {});
      const [, ...used] = await racers.race([[revoke], ...lists]);
      for (const answers of used) {
        const statuses = answers.map(({ status }) => status).join(' ');
        expect(statuses).toMatch(/^(200 ?)*(401 ?)*$/);
      }
      const after = await racers.race(lists.map(([first]) => (first === undefined ? [] : [first])));
      expect(after.flat().map(({ status }) => status)).toEqual(aliases.map(() => 401));
      const mine = (await all<AuditEntry>(people.admin, '/audit?order=asc&limit=200')).filter(
        ({ actor, outcome }) => actor.key_id === id && outcome === 'done',
      );
      expect(mine).toHaveLength(used.flat().filter(({ status }) => status === 200).length);
    }
  });

  test('a promotion is applied under the policy of its moment', async () => {
    const other = await putEval(people.author, {
      ...{
        name: 'stricter',
        agent: measured.agent_id,
        dataset: 'triage',
        gate: { max_lost_cases: 0 },
        epochs: 2,
      },
    });
    const changes = [{ approvals: 2 }, { eval: other.id }];
    for (let round = 1; round <= rounds; round++) {
      await promoteTo(1);
      const { id } = await approved(people, measured, 2);
      const apply = call(people.releaser, `/promotions/${id}/apply`, {});
      const change = call(people.admin, production('policy'), changes[round % 2] ?? {});
      const [applied, changed] =
        round % 4 < 2 ? await race(apply, change) : (await race(change, apply)).toReversed();
      expect(changed?.status).toBe(200);
      const seqOf = async (subject: string, action: string) =>
        (await entriesOn(subject)).findLast((entry) => entry.action === action)?.seq ?? Number.NaN;
      const subject = `${measured.agent_id}@production`;
      const order = (await seqOf(id, 'promotion.applied')) < (await seqOf(subject, 'alias.policy_changed'));
      if (applied?.status === 200) expect(order).toBe(true);
      else {
        expect(applied?.code).toBe('promotion_blocked');
        expect(applied?.message).toMatch(
          round % 2 === 0 ? /one more reviewer/ : /the eval is stricter, not triage/,
        );
        expect(order).toBe(false);
      }
      await ask(people.admin, production('policy'), { approvals: 1, eval: null });
      await withdrawAll(people, measured.agent_id);
    }
  });

  describe('In the end', () => {
    test('everything agrees, and every refusal of a race is written down', async () => {
      const rows = await openRows(database === null ? { data_dir: folder } : { database_url: database.url });
      const problems = await disagreements(rows, 'told');
      const entries = await rows.query("select action, reason from audit_entries where outcome = 'refused'");
      const stuck = 'select deadlocks from pg_stat_database where datname = current_database()';
      const deadlocks = database === null ? [] : await rows.query(stuck);
      await rows.close();
      expect(problems).toEqual([]);
      expect(deadlocks).toEqual(database === null ? [] : [{ deadlocks: '0' }]);
      expect(refusals.size).toBeGreaterThan(3 * rounds);
      const reasons = entries.filter(({ action }) => action !== 'key.used').map(({ reason }) => reason);
      expect(new Set(reasons)).toEqual(refusals);
      expect(await ask(people.admin, '/audit/verify')).toMatchObject({ ok: true, broken: null });
    });

    test.each(['alias_moves', 'reviews', 'audit_entries'])(
      'nobody can rewrite %s, not even in the database',
      async (table) => {
        const run = await openForWriting(database === null ? { folder } : database);
        onTestFinished(run.close);
        const before = await run.query(`select * from ${table}`);
        expect(before.length).toBeGreaterThan(0);
        const statements = [
          `update ${table} set actor = 'somebody else'`,
          `update ${table} set actor = actor`,
          `delete from ${table}`,
          ...(database === null ? [] : [`truncate ${table} cascade`]),
        ];
        for (const statement of statements) {
          await expect(run.query(statement), statement).rejects.toThrow(`${table} rows are never changed`);
        }
        expect(await run.query(`select * from ${table}`)).toEqual(before);
      },
    );
  });
});

/** The database as whoever has its password can open it. */
async function openForWriting(place: { readonly folder: string } | FreshDatabase) {
  if ('folder' in place) {
    const file = new Sqlite(join(place.folder, 'pawl.db'));
    return {
      async query(text: string): Promise<unknown[]> {
        const statement = file.prepare(text);
        return statement.reader ? statement.all() : [statement.run()];
      },
      close: async () => void file.close(),
    };
  }
  const client = new Client({ connectionString: place.url });
  await client.connect();
  return {
    query: async (text: string): Promise<unknown[]> =>
      (await client.query<Record<string, unknown>>(text)).rows,
    close: () => client.end(),
  };
}
