import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { PromotionResponse } from '../../src/api/promotions.ts';
import type { RolloutResponse } from '../../src/api/rollouts.ts';
import { openRows } from '../database-rows.ts';
import { type CountedModel, startCountedModel } from '../evals/counted-model.ts';
import { all, ask, type Place, refusal } from '../evals/eval-story.ts';
import { quietLog, startPawl, type TestPawl } from '../pawl.ts';
import { type FreshDatabase, migratedDatabase } from '../postgres.ts';
import { type Receiver, startReceiver } from '../webhook-receiver.ts';
import { disagreements } from './agreement.ts';
import { type RaceAnswer, type RaceCall, type Racers, startRacers } from './racers.ts';
import { aliasOf, newPeople, type People, pathOf } from './release-story.ts';
import { approved, forLong, newReady, type Ready, retrieveRollout, serve } from './rollout-story.ts';

/*
 * The goal: of those who want a rollout to come to different ends at one moment, one has it so and the others are told
 * what is there; alias, promotion, rollout, audit log and webhooks agree afterwards, and nobody waits for ever. The
 * method: clients in processes of their own that begin together, while the server looks all the time and users come, on
 * both databases, many times over; the races are left to the machine.
 */

const runners = 6;
const mostSteps = 20;

describe.each(['SQLite', 'PostgreSQL'])('On %s', (kind) => {
  const rounds = kind === 'SQLite' ? 6 : 4;
  let database: FreshDatabase | null = null;
  let folder: string;
  let receiver: Receiver;
  let model: CountedModel;
  let pawl: TestPawl;
  let people: People;
  let racers: Racers;
  let ready: Ready;
  const logged: unknown[] = [];

  beforeAll(async () => {
    database = kind === 'PostgreSQL' ? await migratedDatabase() : null;
    folder = mkdtempSync(join(tmpdir(), 'pawl-rollout-races-'));
    [receiver, model, racers] = await Promise.all([
      startReceiver(),
      startCountedModel(),
      startRacers(runners),
    ]);
    pawl = await startPawl(
      {
        ...{ anthropic_base_url: model.url, allow_private_webhooks: 'true' },
        ...(database === null ? { data_dir: folder } : { database_url: database.url }),
      },
      { log: { ...quietLog, error: (...line) => void logged.push(line) } },
    );
    people = await newPeople(pawl);
    await ask(pawl, '/webhooks', { url: receiver.url, enabled_events: ['*'] });
    ready = await newReady(people);
  });

  beforeEach(() => settle());
  afterAll(async () => {
    await racers.close();
    await pawl.server.close();
    await model.close();
    await receiver.close();
    await database?.drop();
    rmSync(folder, { recursive: true });
    expect(logged).toEqual([]);
  });

  const call = (path: string, body: object = {}, { url, key }: Place = people.releaser): RaceCall => ({
    ...{ url, key, path, body },
  });
  const production = (verb: string): string => `${pathOf(ready.agent_id)}/${verb}`;

  /** Each call from a process of its own, all at once, while a user comes. */
  async function race(...calls: readonly RaceCall[]): Promise<RaceAnswer[]> {
    const [answers] = await Promise.all([racers.race(calls.map((one) => [one])), serve(pawl, ready, 'Eve')]);
    return answers.flat();
  }

  /** Every answer is either yes or one of these. */
  function expectCodes(answers: readonly (RaceAnswer | undefined)[], codes: readonly string[]): void {
    for (const answer of answers) {
      const { status, code, message } = answer as RaceAnswer;
      if (status === 200) continue;
      expect([status, codes], `${status} ${code}: ${message}`).toEqual([409, expect.arrayContaining([code])]);
    }
  }

  const won = (answers: readonly (RaceAnswer | undefined)[]) => answers.filter((one) => one?.status === 200);

  const winnerOf = (answers: readonly RaceAnswer[]): RolloutResponse => {
    const { body } = won(answers)[0] as RaceAnswer;
    return body as RolloutResponse;
  };

  /** Steps that stay, one after the other, so that there is always a next one. */
  const steps = [
    ...Array.from({ length: mostSteps - 1 }, (_, i) => ({ weight: 10 + i, ...forLong })),
    { weight: 100 },
  ];
  const plan = () => ({
    ...{ promotion_id: ready.promotion_id, steps, look_seconds: 0.1, signals: [] },
    guardrails: [{ metric: 'tokens', margin: 9 }],
  });
  const start = () => ask<RolloutResponse>(people.releaser, '/rollouts', plan());

  /** Lets the alias go, and has the rollout tried again if it was rolled back. */
  async function again({ id }: { readonly id: string }): Promise<RolloutResponse> {
    await ask(people.releaser, production('release'), {});
    const { status } = await retrieveRollout(people.admin, id);
    if (status === 'running' || status === 'paused') return retrieveRollout(people.admin, id);
    return ask(people.releaser, `/rollouts/${id}/retry`, {});
  }

  /** Brings everything back to where a rollout can begin. */
  async function settle(): Promise<void> {
    const { agent_id } = ready;
    const { rollout } = await aliasOf(people.admin, agent_id);
    if (rollout !== null) await ask(people.releaser, `/rollouts/${rollout.id}/abort`, {});
    const { version } = await aliasOf(people.admin, agent_id);
    if (version !== 1) await ask(people.releaser, production('rollback'), {});
    await ask(people.releaser, production('release'), {});
    const { ended_at } = await ask<PromotionResponse>(people.admin, `/promotions/${ready.promotion_id}`);
    if (ended_at !== null) ready = { ...ready, promotion_id: await approved(people, ready, 2) };
  }

  async function expectAgreement(): Promise<void> {
    const rows = await openRows(database === null ? { data_dir: folder } : { database_url: database.url });
    const problems = await disagreements(rows, 'told');
    await rows.close();
    expect(problems).toEqual([]);
  }

  test('of those who start a rollout at once, one does', async () => {
    for (let round = 1; round <= rounds; round++) {
      const answers = await race(...Array.from({ length: runners }, () => call('/rollouts', plan())));
      expect(won(answers)).toHaveLength(1);
      expectCodes(answers, ['rollout_running']);
      const { id } = winnerOf(answers);
      for (const { status, message } of answers) if (status === 409) expect(message).toContain(id);
      await ask(people.releaser, `/rollouts/${id}/abort`, {});
    }
    await expectAgreement();
  });

  test('one of many ends a rollout, and the others learn how it ended', async () => {
    let rollout = await start();
    for (let round = 1; round <= rounds; round++) {
      const path = `/rollouts/${rollout.id}`;
      const enders = [call(`${path}/abort`), call(`${path}/rollback`), call(production('rollback'))];
      const others = [call(`${path}/advance`), call(`${path}/pause`), call('/rollouts', plan())];
      const turned = round % 2 === 0 ? [...enders, ...others] : [...others, ...enders];
      const answers = await race(...turned);
      const answerTo = (asked: RaceCall | undefined) => answers.find((_, i) => turned[i] === asked);
      expect(won(enders.map(answerTo)).length, JSON.stringify(answers)).toBeGreaterThanOrEqual(1);
      expect(won(enders.slice(0, 2).map(answerTo)).length).toBeLessThanOrEqual(1);
      const codes = ['rollout_over', 'rollout_running', 'alias_held', 'never_live', 'promotion_over'];
      expectCodes(answers, [...codes, 'promotion_blocked']);
      const found = await retrieveRollout(people.admin, rollout.id);
      expect(['aborted', 'rolled_back']).toContain(found.status);
      for (const { code, message } of answers)
        if (code === 'rollout_over') expect(message).toContain(found.status);
      // Whoever was late may have begun the next one, and somebody else may have taken that back.
      const [newest] = await all<RolloutResponse>(
        people.admin,
        `/rollouts?agent_id=${ready.agent_id}&limit=100`,
      );
      await expectAgreement();
      rollout = await again(newest ?? rollout);
    }
  });

  test('those who advance at once go on step by step, and none is left out', async () => {
    const { id } = await start();
    for (let round = 1; round <= 3; round++) {
      const answers = await race(...Array.from({ length: runners }, () => call(`/rollouts/${id}/advance`)));
      expect(won(answers).length, answers[0]?.message).toBe(runners);
      const reached = answers.map(({ body }) => (body as RolloutResponse).step).toSorted((a, b) => a - b);
      expect(reached).toEqual(Array.from({ length: runners }, (_, i) => (round - 1) * runners + i + 2));
    }
    await expectAgreement();
    const last = await race(...Array.from({ length: 3 }, () => call(`/rollouts/${id}/advance`)));
    expect(won(last)).toHaveLength(1);
    expectCodes(last, ['rollout_over']);
    await ask(people.releaser, production('rollback'), {});
    await ask(people.releaser, production('release'), {});
    // What was carried out and rolled back has moved the alias once, and does not do so again.
    const earlier = await all<RolloutResponse>(
      people.admin,
      `/rollouts?agent_id=${ready.agent_id}&limit=100`,
    );
    const aborted = earlier.find(({ status }) => status === 'aborted');
    expect(await refusal(people.releaser, `/rollouts/${aborted?.id}/retry`, {})).toMatchObject({
      ...{ status: 409, code: 'rollout_blocked' },
      message: expect.stringContaining('its promotion rolled_back'),
    });
    await expectAgreement();
  });

  test('nobody moves an alias under a rollout, and its end lets them', async () => {
    for (let round = 1; round <= Math.ceil(rounds / 3); round++) {
      const { id } = await start();
      const other = await approved(people, ready, 3);
      const abort = call(`/rollouts/${id}/abort`);
      const apply = call(`/promotions/${other}/apply`);
      const own = call(`/promotions/${ready.promotion_id}/apply`);
      const set = call(pathOf(ready.agent_id), { version: 3, from: 1 }, people.admin);
      const answers = await race(...(round % 2 === 0 ? [abort, apply, own, set] : [set, own, apply, abort]));
      const [aborted, applied, ownApplied, moved] = round % 2 === 0 ? answers : answers.toReversed();
      expect(aborted?.status).toBe(200);
      expect(won([applied, ownApplied, moved]).length).toBeLessThanOrEqual(1);
      expectCodes(
        [applied, ownApplied, moved],
        [...['rollout_running', 'promotion_blocked', 'alias_protected', 'alias_moved']],
      );
      const { version } = await aliasOf(people.admin, ready.agent_id);
      const expected = applied?.status === 200 ? 3 : ownApplied?.status === 200 ? 2 : 1;
      expect(version).toBe(expected);
      await expectAgreement();
      if (applied?.status !== 200) await ask(people.admin, `/promotions/${other}/withdraw`, {});
      await settle();
    }
  });

  test('whoever follows a rollout is told of its end when the alias is rolled back', async () => {
    const { id } = await start();
    const { url, key } = people.admin;
    const stream = await fetch(`${url}/pawl/v1/rollouts/${id}/stream`, { headers: { 'x-api-key': key } });
    await ask(people.releaser, production('rollback'), {});
    expect(await stream.text()).toContain('"status":"rolled_back"');
  });

  test('In the end everything agrees, and nobody has waited for somebody who waited for them', async () => {
    await expectAgreement();
    expect(await ask(people.admin, '/audit/verify')).toMatchObject({ ok: true, broken: null });
    if (database === null) return;
    const rows = await openRows({ database_url: database.url });
    const stuck = 'select deadlocks from pg_stat_database where datname = current_database()';
    const deadlocks = await rows.query(stuck);
    await rows.close();
    expect(deadlocks).toEqual([{ deadlocks: '0' }]);
  });
});
