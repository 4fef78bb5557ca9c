import type Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { RollbackResponse } from '../../src/api/aliases.ts';
import type { AuditEntryResponse } from '../../src/api/audit.ts';
import type { PromotionResponse } from '../../src/api/promotions.ts';
import type { RolloutResponse } from '../../src/api/rollouts.ts';
import type { SessionResponse } from '../../src/api/wire/sessions.ts';
import { type CountedModel, startCountedModel } from '../evals/counted-model.ts';
import { all, ask, type Place, refusal } from '../evals/eval-story.ts';
import { quietLog, sdk, startPawl, type TestPawl } from '../pawl.ts';
import { type FreshDatabase, migratedDatabase } from '../postgres.ts';
import { converse, eventually } from '../story.ts';
import { startReceiver } from '../webhook-receiver.ts';
import { aliasOf, newPeople, newPerson, type People, pathOf } from './release-story.ts';
import {
  approved,
  atOnce,
  eventsOf,
  forLong,
  newReady,
  openFor,
  type Ready,
  retrieveRollout,
  serve,
  startRollout,
  steady,
  untilRollout,
} from './rollout-story.ts';

/*
 * The goal: a candidate gets more of production's traffic only as it is shown to be no worse, is taken back by itself
 * when it is worse, and whoever is served keeps what they were given. The method: an application's traffic through the
 * official SDK, on both databases, with a model that fails, refuses or takes its time where a test says so.
 */

describe.each(['SQLite', 'PostgreSQL'])('On %s', (kind) => {
  let database: FreshDatabase | null = null;
  let model: CountedModel;
  let pawl: TestPawl;
  let people: People;
  let client: Anthropic;
  const logged: unknown[] = [];
  /** The prompts with which the model fails, and those which it refuses. */
  const failing = new Set<string>();
  const refusing = new Set<string>();
  let agents = 0;

  beforeAll(async () => {
    database = kind === 'PostgreSQL' ? await migratedDatabase() : null;
    model = await startCountedModel();
    model.when(({ system }) => failing.has(system ?? ''), 400);
    model.when(({ system }) => refusing.has(system ?? ''), 'refusal');
    pawl = await startPawl(
      {
        ...{ anthropic_base_url: model.url, anthropic_api_key: 'upstream-key', model_max_retries: '0' },
        ...{ allow_private_webhooks: 'true' },
        ...(database === null ? {} : { database_url: database.url }),
      },
      { log: { ...quietLog, error: (...line) => void logged.push(line) } },
    );
    people = await newPeople(pawl);
    client = sdk(pawl.url, pawl.key);
  });

  afterAll(async () => {
    await model.close();
    await pawl.server.close();
    await database?.drop();
    expect(logged).toEqual([]);
  });

  /** What the database has no part in. */
  const testOnce = (title: string, work: () => Promise<void>): void => {
    if (kind === 'SQLite') test(title, work);
  };
  const newAgent = (): Promise<Ready> => newReady(people, `porter${++agents}`);
  /** What the versions of the newest agent are told. */
  const promptOf = (version: number): string => `porter${agents} ${version}`;
  const serveAll = (ready: Ready, users: readonly string[]): Promise<SessionResponse[]> =>
    Promise.all(users.map((user) => serve(pawl, ready, user)));
  const usersNamed = (prefix: string, count: number) =>
    Array.from({ length: count }, (_, n) => `${prefix}-${n}`);
  const act = (
    by: Place,
    { id }: { id: string },
    verb: string,
    body: object = {},
  ): Promise<RolloutResponse> => ask(by, `/rollouts/${id}/${verb}`, body);
  const promotionOf = (ready: Ready): Promise<PromotionResponse> =>
    ask(pawl, `/promotions/${ready.promotion_id}`);

  test('a promotion grows step by step to the whole, and who was in it stays in it', async () => {
    const ready = await newAgent();
    const steps = [
      { weight: 30, min_seconds: 0, min_sessions: 5 },
      { weight: 60, min_seconds: 0, min_sessions: 15 },
      { weight: 100 },
    ];
    const guardrails = [{ metric: 'failures', margin: 1 }];
    const started = await startRollout(people, ready, { steps, guardrails, signals: [] });
    expect(started).toMatchObject({ status: 'running', step: 1, weight: 30, candidate_version: 2 });
    expect(await aliasOf(pawl, ready.agent_id)).toMatchObject({
      ...{ version: 1, rollout: { id: started.id, version: 2, weight: 30 } },
    });
    const users = usersNamed('user', 50);
    const first = await serveAll(ready, users);
    await untilRollout(pawl, started.id, ({ step }) => step === 2);
    const second = await serveAll(ready, users);
    const inCanary = (sessions: SessionResponse[]) =>
      users.filter((_, i) => sessions[i]?.pawl.reason === 'canary');
    expect(inCanary(second)).toEqual(expect.arrayContaining(inCanary(first)));
    expect(inCanary(second).length).toBeGreaterThan(inCanary(first).length);

    const done = await untilRollout(pawl, started.id, ({ status }) => status === 'completed');
    expect(done).toMatchObject({ weight: 100, next_look_at: null, pause: null });
    expect(await aliasOf(pawl, ready.agent_id)).toMatchObject({ version: 2, rollout: null });
    expect(await promotionOf(ready)).toMatchObject({ status: 'completed', rollout_id: null, move: 2 });
    const events = await eventsOf(pawl, started.id);
    const decisions = events.filter(({ event }) => event !== 'look');
    expect(decisions.map(({ event }) => event)).toEqual(['started', 'step', 'completed']);
    expect(decisions[2]?.data).toMatchObject({ checks: [{ metric: 'failures', status: 'safe' }] });
    expect((await openFor(pawl, ready, 'new')).pawl).toMatchObject({
      version: 2,
      reason: 'alias',
      rollout: null,
    });
  });

  test('a canary that fails is taken back by itself, its alias is held, and whoever listens is told', async () => {
    const receiver = await startReceiver();
    onTestFinished(() => receiver.close());
    // Not all: the server goes on trying to tell of what the other tests do, when nobody listens any more.
    const enabled_events = ['rollout.started', 'rollout.guardrail_broken', 'rollout.rolled_back'];
    await ask(pawl, '/webhooks', { url: receiver.url, enabled_events });
    const ready = await newAgent();
    const started = await startRollout(people, ready, { steps: steady(50) });
    failing.add(promptOf(2));
    const users = usersNamed('user', 60);
    await serveAll(ready, users);
    const over = await untilRollout(pawl, started.id, ({ status }) => status === 'rolled_back');
    expect(over).toMatchObject({ weight: 0, decision: { type: 'roll_back', metric: 'failures' } });
    const alias = await aliasOf(pawl, ready.agent_id);
    expect(alias).toMatchObject({ version: 1, rollout: null, hold: { by: 'pawl' } });
    expect(alias.hold?.reason).toContain('failures: the canary is worse');
    expect(await promotionOf(ready)).toMatchObject({ status: 'rolled_back', rollout_id: null });
    const last = (await eventsOf(pawl, started.id)).at(-1);
    expect(last).toMatchObject({ event: 'rolled_back', actor: { name: 'pawl' } });
    expect(last?.data).toMatchObject({
      checks: expect.arrayContaining([
        expect.objectContaining({ metric: 'failures', status: 'broken', p: expect.any(Number) }),
      ]),
    });
    expect((await openFor(pawl, ready, users[0])).pawl).toMatchObject({ version: 1, reason: 'alias' });
    const types = await eventually('notices', () => {
      const got = receiver.received.map(
        ({ body }) => (JSON.parse(body) as { data: { type: string } }).data.type,
      );
      return got.includes('rollout.rolled_back') ? got : null;
    });
    expect(types).toEqual(expect.arrayContaining(['rollout.started', 'rollout.guardrail_broken']));
    const [entry] = await all<AuditEntryResponse>(pawl, `/audit?subject=${started.id}`);
    expect(entry).toMatchObject({ action: 'rollout.rolled_back', actor: { name: 'pawl' } });

    const held = await refusal(people.releaser, `/rollouts/${started.id}/retry`, {});
    expect(held).toMatchObject({ code: 'promotion_blocked', message: expect.stringContaining('held') });
    await ask(people.releaser, `${pathOf(ready.agent_id)}/release`, { reason: 'the upstream was down' });
    failing.clear();
    const again = await act(people.releaser, started, 'retry', { reason: 'once more' });
    expect(again).toMatchObject({ retry_of: started.id, status: 'running', step: 1 });
    expect(again.evidence.units).toEqual({ control: 0, canary: 0 });
    const before = await all<{ metadata: { targeting_key: string }; pawl: SessionResponse['pawl'] }>(
      pawl,
      `/../../v1/sessions?agent_id=${ready.agent_id}&limit=100`,
    );
    const armOf = new Map(
      before.map(({ metadata, pawl: { rollout } }) => [metadata.targeting_key, rollout?.arm]),
    );
    for (const user of users.slice(0, 10)) {
      if (armOf.get(user) === undefined) continue;
      expect((await openFor(pawl, ready, user)).pawl.rollout?.arm).toBe(armOf.get(user));
    }
    await act(people.releaser, again, 'abort');
  });

  testOnce('a failure rise of both arms alike takes nothing back', async () => {
    const ready = await newAgent();
    // With the usual alpha, one of sixty such rollouts would be taken back.
    const started = await startRollout(people, ready, { steps: steady(50), alpha: 0.0001 });
    failing.add(promptOf(1)).add(promptOf(2));
    await serveAll(ready, usersNamed('user', 60));
    failing.clear();
    const seen = await untilRollout(pawl, started.id, ({ evidence }) => {
      const [at] = evidence.sessions;
      return at !== undefined && at.control + at.canary === 60;
    });
    expect(seen.status).toBe('running');
    expect(seen.evidence.checks[0]).toMatchObject({
      metric: 'failures',
      control: { mean: 1 },
      canary: { mean: 1 },
    });
    await act(people.releaser, started, 'abort');
  });

  testOnce('a signal pauses, and once a person has accepted it, does so no more', async () => {
    const ready = await newAgent();
    const started = await startRollout(people, ready, { steps: steady(50) });
    refusing.add(promptOf(2));
    await serveAll(ready, usersNamed('user', 50));
    refusing.clear();
    const paused = await untilRollout(pawl, started.id, ({ pause }) => pause !== null);
    expect(paused).toMatchObject({ status: 'paused', weight: 50, pause: { cause: 'signal', by: 'pawl' } });
    expect(paused.pause?.reason).toContain('refusals');
    const resumed = await act(people.releaser, started, 'resume', { reason: 'they should be refused' });
    expect(resumed).toMatchObject({ status: 'running', pause: null });
    const looks = resumed.looks + 2;
    expect(await untilRollout(pawl, started.id, (one) => one.looks >= looks)).toMatchObject({
      status: 'running',
    });
    await act(people.releaser, started, 'abort');
  });

  test('scores of the application, late and corrected, are what a guardrail acts on', async () => {
    const ready = await newAgent();
    const guardrails = [{ metric: 'score:helpful' }];
    const started = await startRollout(people, ready, { steps: steady(50), guardrails, signals: [] });
    const sessions = await serveAll(ready, usersNamed('user', 160));
    const score = ({ id }: SessionResponse, value: number) =>
      ask(pawl, `/sessions/${id}/scores`, { name: 'helpful', value });
    const isCanary = (one: SessionResponse) => one.pawl.reason === 'canary';
    // Told the wrong way round first: everything is well.
    await Promise.all(sessions.map((one, i) => score(one, i % 10 === 0 ? 0 : 1)));
    const seen = await untilRollout(pawl, started.id, ({ evidence: { checks } }) => {
      const units = (checks[0]?.control.units ?? 0) + (checks[0]?.canary.units ?? 0);
      return units === sessions.length;
    });
    expect(seen.status).toBe('running');
    await Promise.all(sessions.filter(isCanary).map((one, i) => score(one, i % 10 === 0 ? 1 : 0)));
    const over = await untilRollout(pawl, started.id, ({ ended_at }) => ended_at !== null);
    expect(over).toMatchObject({ status: 'rolled_back', decision: { metric: 'score:helpful' } });
  });

  testOnce('without evidence nothing gets to the whole; a person is asked, and may decide', async () => {
    const ready = await newAgent();
    const steps = [{ weight: 50, ...atOnce }, { weight: 100 }];
    const waiting = await startRollout(people, ready, { steps });
    const looked = await untilRollout(pawl, waiting.id, ({ looks }) => looks >= 2);
    expect(looked).toMatchObject({ status: 'running', decision: { type: 'wait', waits_for: 'evidence' } });
    await act(people.releaser, waiting, 'abort');

    const asked = await startRollout(people, ready, { steps, patience_seconds: 0 });
    const paused = await untilRollout(pawl, asked.id, ({ pause }) => pause !== null);
    expect(paused).toMatchObject({ weight: 50, pause: { cause: 'inconclusive' } });
    const done = await act(people.releaser, asked, 'advance', { reason: 'nobody uses it yet' });
    expect(done).toMatchObject({ status: 'completed', weight: 100 });
    const last = (await eventsOf(pawl, asked.id)).at(-1);
    expect(last).toMatchObject({ actor: { name: 'Dan' }, reason: 'nobody uses it yet' });
    expect(last?.data).toMatchObject({ skipped: expect.stringContaining('not shown yet') });
  });

  testOnce('a step that asks for approval waits for somebody else than the author', async () => {
    const ready = await newAgent();
    const steps = [{ weight: 10, ...atOnce, approval: true }, { weight: 50, ...forLong }, { weight: 100 }];
    const started = await startRollout(people, ready, { steps });
    const paused = await untilRollout(pawl, started.id, ({ pause }) => pause !== null);
    expect(paused.pause).toMatchObject({ cause: 'approval' });
    expect((await refusal(people.releaser, `/rollouts/${started.id}/resume`, {})).code).toBe(
      'rollout_blocked',
    );
    const author = await newPerson(people.admin, 'Ann', 'releaser');
    expect((await refusal(author, `/rollouts/${started.id}/advance`, {})).code).toBe('own_promotion');
    expect(await act(people.releaser, started, 'advance')).toMatchObject({
      status: 'running',
      step: 2,
      weight: 50,
    });
    const late = await refusal(people.releaser, `/rollouts/${started.id}/advance`, { step: 1 });
    expect(late).toMatchObject({
      code: 'rollout_moved',
      message: expect.stringContaining('at step 2, not 1'),
    });
    await act(people.releaser, started, 'abort');
  });

  test('a canary that the server takes back is stopped as it was asked for', async () => {
    const ready = await newAgent();
    const fields = { steps: steady(50), on_rollback: 'stop_new_turns' };
    const started = await startRollout(people, ready, fields);
    failing.add(promptOf(2));
    const sessions = await serveAll(ready, usersNamed('user', 60));
    failing.clear();
    await untilRollout(pawl, started.id, ({ status }) => status === 'rolled_back');
    await eventually('the canary stopped', async () => {
      const now = await Promise.all(sessions.map(({ id }) => client.beta.sessions.retrieve(id)));
      return now.every((one, i) => {
        const { stopped_at } = (one as unknown as SessionResponse).pawl;
        return (stopped_at !== null) === (sessions[i]?.pawl.reason === 'canary');
      });
    });
  });

  test('a rollback of the alias ends its rollout, in one call', async () => {
    const ready = await newAgent();
    const started = await startRollout(people, ready, { steps: steady(50) });
    const sessions = await Promise.all(usersNamed('user', 20).map((user) => openFor(pawl, ready, user)));
    const canary = sessions.filter((one) => one.pawl.reason === 'canary').map(({ id }) => id);
    const back = await ask<RollbackResponse>(people.releaser, `${pathOf(ready.agent_id)}/rollback`, {
      ...{ from: 1, running: 'stop_new_turns', reason: 'it smells' },
    });
    expect(back).toMatchObject({ from_version: 2, to_version: 1, running: 'stop_new_turns' });
    expect(back.alias).toMatchObject({
      version: 1,
      move: 1,
      rollout: null,
      hold: { by: 'Dan', reason: 'it smells' },
    });
    expect(back.sessions.data.map(({ id }) => id).toSorted()).toEqual(canary.toSorted());
    expect(await retrieveRollout(pawl, started.id)).toMatchObject({ status: 'rolled_back' });
    expect(await promotionOf(ready)).toMatchObject({ status: 'rolled_back' });
    await eventually('the canary stopped', async () => {
      const all = await Promise.all(sessions.map(({ id }) => client.beta.sessions.retrieve(id)));
      const stopped = all.filter((one) => (one as unknown as SessionResponse).pawl.stopped_at !== null);
      return stopped.length === canary.length && stopped.every(({ id }) => canary.includes(id));
    });
  });

  testOnce('a rollback to a version by name ends the rollout and moves the alias as well', async () => {
    const ready = await newAgent();
    await ask(people.releaser, `/promotions/${ready.promotion_id}/apply`, {});
    const next = { ...ready, promotion_id: await approved(people, ready, 3) };
    const started = await startRollout(people, next, { steps: steady(50) });
    const path = `${pathOf(ready.agent_id)}/rollback`;
    const back = await ask<RollbackResponse>(people.releaser, path, { to: 1, running: 'interrupt' });
    expect(back).toMatchObject({ from_version: 2, to_version: 1 });
    expect(back.alias).toMatchObject({ version: 1, move: 3, rollout: null, hold: { by: 'Dan' } });
    expect(await retrieveRollout(pawl, started.id)).toMatchObject({ status: 'rolled_back' });
  });

  test('aborted, the promotion stands as before and can be tried again, by a retry or anew', async () => {
    const ready = await newAgent();
    const first = await startRollout(people, ready, { steps: steady(5) });
    expect(await act(people.releaser, first, 'abort', { reason: 'not today' })).toMatchObject({
      ...{ status: 'aborted', weight: 0 },
    });
    expect(await promotionOf(ready)).toMatchObject({ status: 'approved', rollout_id: null, blockers: [] });
    expect(await aliasOf(pawl, ready.agent_id)).toMatchObject({ version: 1, hold: null, rollout: null });
    const again = await act(people.releaser, first, 'retry');
    expect(again.settings).toEqual(first.settings);
    await act(people.releaser, again, 'abort');
    for (const verb of ['pause', 'resume', 'advance', 'abort', 'rollback']) {
      expect((await refusal(people.releaser, `/rollouts/${first.id}/${verb}`, {})).code).toBe('rollout_over');
    }
    await ask(people.releaser, `/promotions/${ready.promotion_id}/apply`, {});
    const over = await refusal(people.releaser, `/rollouts/${first.id}/retry`, {});
    expect(over).toMatchObject({ code: 'rollout_blocked', message: expect.stringContaining('completed') });
  });

  testOnce('while it runs, nobody moves the alias or the promotion, nor starts another rollout', async () => {
    const ready = await newAgent();
    const other = await approved(people, ready, 3);
    const started = await startRollout(people, ready, { steps: steady(5) });
    const path = pathOf(ready.agent_id);
    const tries: readonly (readonly [Place, string, object])[] = [
      [people.releaser, '/rollouts', { promotion_id: ready.promotion_id }],
      [people.releaser, '/rollouts', { promotion_id: other }],
      [people.releaser, `/promotions/${ready.promotion_id}/apply`, {}],
      [people.author, `/promotions/${ready.promotion_id}/withdraw`, {}],
      [people.author, `/promotions/${ready.promotion_id}/evaluate`, { version: 3 }],
      [people.second, `/promotions/${ready.promotion_id}/reviews`, { decision: 'reject', comment: 'no' }],
      [people.releaser, path, { version: 3, from: 1 }],
      [people.releaser, path, { version: null, from: 1 }],
    ];
    for (const [by, where, body] of tries) {
      const said = await refusal(by, where, body);
      expect([where, said.code]).toEqual([where, 'rollout_running']);
      expect(said.message).toContain(started.id);
    }
    const applied = await refusal(people.releaser, `/promotions/${other}/apply`, {});
    expect(applied).toMatchObject({
      code: 'promotion_blocked',
      message: expect.stringContaining(started.id),
    });
    await ask(people.second, `/promotions/${ready.promotion_id}/reviews`, {
      decision: 'comment',
      comment: 'hm',
    });
    expect(await retrieveRollout(pawl, started.id)).toMatchObject({ status: 'running', weight: 5 });
    expect(await aliasOf(pawl, ready.agent_id)).toMatchObject({ version: 1, rollout: { id: started.id } });
    await act(people.releaser, started, 'abort');
  });

  testOnce('what its promotion needs has changed: it goes on only when that is there', async () => {
    const ready = await newAgent();
    const steps = [
      { weight: 50, min_seconds: 0, min_sessions: 1 },
      { weight: 60, ...forLong },
      { weight: 100 },
    ];
    const started = await startRollout(people, ready, { steps });
    const extra = await newPerson(people.admin, `Rob${agents}`, 'reviewer');
    await ask(people.admin, `${pathOf(ready.agent_id)}/policy`, { approvals: 2 });
    await serveAll(ready, usersNamed('user', 30));
    const paused = await untilRollout(pawl, started.id, ({ pause }) => pause !== null);
    expect(paused).toMatchObject({ weight: 50, pause: { cause: 'blocked' } });
    expect(paused.pause?.reason).toContain('one more reviewer');
    expect((await refusal(people.releaser, `/rollouts/${started.id}/advance`, {})).code).toBe(
      'promotion_blocked',
    );
    expect((await refusal(extra, `/rollouts/${started.id}/abort`, {})).code).toBe('permission');
    await ask(extra, `/promotions/${ready.promotion_id}/reviews`, { decision: 'approve' });
    await act(people.releaser, started, 'resume');
    await untilRollout(pawl, started.id, ({ step }) => step === 2);
    await act(people.releaser, started, 'abort');
  });

  test('sessions with a configuration of their own are kept out and counted apart', async () => {
    const ready = await newAgent();
    const started = await startRollout(people, ready, { steps: steady(50) });
    await serveAll(ready, usersNamed('user', 10));
    const agent = {
      type: 'agent_with_overrides',
      id: `${ready.agent_id}@production`,
      system: 'Be odd.',
    } as const;
    for (const text of ['Hello', 'Hello again']) {
      const { id } = await client.beta.sessions.create({ agent, environment_id: ready.environment_id });
      await converse(client, id, text);
    }
    // Nobody has said anything in this one, so that it says nothing either.
    await openFor(pawl, ready, 'silent');
    const seen = await untilRollout(pawl, started.id, ({ evidence: { excluded } }) => {
      return excluded.control + excluded.canary === 2;
    });
    const counts = seen.evidence.sessions.map(({ control, canary }) => control + canary);
    expect(counts).toEqual([10]);
    expect(seen.evidence.units.control + seen.evidence.units.canary).toBe(12);
    await act(people.releaser, started, 'abort');
  });

  test('a session that is deleted before it was looked at counts all the same', async () => {
    const ready = await newAgent();
    const started = await startRollout(people, ready, { steps: steady(50), look_seconds: 1 });
    const sessions = await serveAll(ready, usersNamed('user', 12));
    await Promise.all(sessions.map(({ id }) => client.beta.sessions.delete(id)));
    // A machine that is slow enough has looked at some of them before.
    const seen = await untilRollout(
      pawl,
      started.id,
      ({ evidence: { units } }) => units.control + units.canary >= 12,
    );
    expect(seen.evidence.sessions).toEqual([expect.objectContaining({ weight: 50 })]);
    expect(seen.evidence.units.control + seen.evidence.units.canary).toBe(12);
    await act(people.releaser, started, 'abort');
  });

  testOnce('somebody can hold it, and its guardrails go on', async () => {
    const ready = await newAgent();
    const steps = [{ weight: 50, ...atOnce }, { weight: 60, ...forLong }, { weight: 100 }];
    const started = await startRollout(people, ready, { steps, look_seconds: 1 });
    expect(await act(people.releaser, started, 'pause', { reason: 'lunch' })).toMatchObject({
      ...{ status: 'paused', pause: { cause: 'person', by: 'Dan', reason: 'lunch' } },
    });
    failing.add(promptOf(2));
    await serveAll(ready, usersNamed('user', 40));
    failing.clear();
    const over = await untilRollout(pawl, started.id, ({ ended_at }) => ended_at !== null);
    expect(over).toMatchObject({ status: 'rolled_back', step: 1 });
  });
});
