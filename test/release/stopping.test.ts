import type Anthropic from '@anthropic-ai/sdk';
import type { SessionCreateParams } from '@anthropic-ai/sdk/resources/beta';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AliasResponse, RollbackResponse } from '../../src/api/aliases.ts';
import type { SessionResponse } from '../../src/api/wire/sessions.ts';
import { ask } from '../evals/eval-story.ts';
import { type GatedModel, startGatedModel } from '../gated-model.ts';
import { quietLog, sdk, startPawl, type TestPawl } from '../pawl.ts';
import { type FreshDatabase, migratedDatabase } from '../postgres.ts';
import { answersIn, errorOf, eventually, history, makeSetting, say, typesOf, untilIdle } from '../story.ts';
import { orderProblems } from '../turn-order.ts';
import { aliasOf, pathOf } from './release-story.ts';

/*
 * The goal: a rollback does with the sessions of the version it takes away what it was asked to, and nothing to any
 * other. The method: an alias that is moved from version 1 to 2 and back, on both databases, while a model that answers
 * only when the test says so holds turns in flight.
 */

describe.each(['SQLite', 'PostgreSQL'])('On %s', (kind) => {
  let database: FreshDatabase | null = null;
  let model: GatedModel;
  let pawl: TestPawl;
  let client: Anthropic;
  const logged: unknown[] = [];

  beforeAll(async () => {
    database = kind === 'PostgreSQL' ? await migratedDatabase() : null;
    model = await startGatedModel();
    pawl = await startPawl(
      {
        ...{ anthropic_base_url: model.url, anthropic_api_key: 'upstream-key', model_max_retries: '0' },
        ...(database === null ? {} : { database_url: database.url }),
      },
      { log: { ...quietLog, error: (...line) => void logged.push(line) } },
    );
    client = sdk(pawl.url, pawl.key, { maxRetries: 0 });
  });

  afterAll(async () => {
    await model.close();
    await pawl.server.close();
    await database?.drop();
    expect(logged).toEqual([]);
  });

  /** An agent whose alias `live` stands for version 2, and has stood for version 1. */
  async function released() {
    const { agent, environment_id } = await makeSetting(client, { system: 'one' });
    await client.beta.agents.update(agent.id, { version: 1, system: 'two' });
    const path = pathOf(agent.id, 'live');
    for (const version of [1, 2]) {
      await ask<AliasResponse>(pawl, path, { version, from: version === 1 ? null : version - 1 });
    }
    const open = async (as: SessionCreateParams['agent'] = `${agent.id}@live`) =>
      (await client.beta.sessions.create({ agent: as, environment_id })).id;
    return {
      ...{ agent, environment_id, path, open },
      /** A session with a turn in flight, and the request that its model has. */
      async busy(as?: SessionCreateParams['agent']) {
        const id = await open(as);
        await send(id, say('Hello'));
        return { id, request: await model.next() };
      },
      rollBack: (body: object) => ask<RollbackResponse>(pawl, `${path}/rollback`, body),
    };
  }

  const send = (id: string, ...events: Parameters<typeof client.beta.sessions.events.send>[1]['events']) =>
    client.beta.sessions.events.send(id, { events });
  const interrupt = { type: 'user.interrupt' } as const;
  const retrieve = async (id: string) =>
    (await client.beta.sessions.retrieve(id)) as unknown as SessionResponse;
  const stoppedAt = async (id: string) => (await retrieve(id)).pawl.stopped_at;
  const untilStopped = (id: string) => eventually(`session ${id} stopped`, () => stoppedAt(id));

  /** Of a session that was stopped: it takes no more messages, and its history is in order. */
  async function expectClosed(id: string): Promise<void> {
    const before = await history(client, id);
    expect(orderProblems(before, { stopped: true })).toEqual([]);
    const error = await errorOf(send(id, say('More')));
    expect(error).toMatchObject({
      status: 409,
      error: { error: { details: { error_code: 'session_stopped' } } },
    });
    expect(error.headers?.get('x-should-retry')).toBe('false');
    expect(error.message).toMatch(/version 2 of its agent was rolled back; open a new session/);
    expect(await errorOf(send(id, interrupt, say('More')))).toMatchObject({ status: 409 });
    expect(await history(client, id)).toEqual(before);
  }

  test('drain lets sessions go on and take more messages, and the next one gets the good version', async () => {
    const { busy, open, rollBack } = await released();
    const { id, request } = await busy();
    const idle = await open();
    expect(await rollBack({ reason: 'wrong' })).toMatchObject({
      ...{ type: 'rollback', from_version: 2, to_version: 1, running: 'drain' },
      sessions: {
        data: [
          { id: idle, status: 'idle' },
          { id, status: 'running' },
        ],
        has_more: false,
      },
    });
    await send(id, say('Another'));
    await send(idle, say('First'));
    request.answer('One');
    for (const text of ['Two', 'Three']) (await model.next()).answer(text);
    await eventually('both turns', async () => answersIn(await history(client, id)).length === 2);
    for (const session of [id, idle]) {
      expect(orderProblems(await untilIdle(client, session))).toEqual([]);
      expect(await retrieve(session)).toMatchObject({ agent: { version: 2 }, pawl: { stopped_at: null } });
    }
    expect(await retrieve(await open())).toMatchObject({ agent: { version: 1 }, pawl: { stopped_at: null } });
  });

  test('stop_new_turns lets the turn end; what is queued is in the history and starts nothing', async () => {
    const { agent, busy, open, rollBack } = await released();
    const { id, request } = await busy();
    const { data: queued } = await send(id, say('Queued'), say('Queued as well'));
    const idle = await open();
    const other = await busy();
    await rollBack({ running: 'stop_new_turns' });
    for (const session of [id, idle, other.id]) await untilStopped(session);
    const { hold } = await aliasOf(pawl, agent.id, 'live');
    expect(hold?.since.localeCompare((await stoppedAt(id)) ?? '')).toBeLessThanOrEqual(0);
    expect(request.closed()).toBe(false);
    expect(await errorOf(send(id, say('Too late')))).toMatchObject({ status: 409 });
    expect((await retrieve(id)).status).toBe('running');
    request.answer('The last word');
    const events = await untilIdle(client, id);
    expect(answersIn(events)).toEqual(['The last word']);
    expect(typesOf(events).filter((type) => type === 'span.model_request_start')).toHaveLength(1);
    expect(
      events.flatMap(({ type, id: event }) => (type === 'user.message' ? [event] : [])).slice(1),
    ).toEqual(queued?.map((event) => event.id));
    // Whoever waits for a turn may still end it.
    await send(other.id, interrupt);
    await untilIdle(client, other.id);
    for (const session of [id, idle, other.id]) await expectClosed(session);
    expect(await client.beta.sessions.archive(id)).toMatchObject({ status: 'terminated' });
    await client.beta.sessions.delete(idle);
    expect(await errorOf(client.beta.sessions.retrieve(idle))).toMatchObject({ status: 404 });
    await client.beta.sessions.delete(other.id);
  });

  test('interrupt ends the turn, with what is queued behind it, and then it is the same', async () => {
    const { busy, open, rollBack } = await released();
    const plain = await busy();
    const { id, request } = await busy();
    request.begin('A reply that is cut short');
    await send(id, say('Queued'));
    const idle = await open();
    await rollBack({ running: 'interrupt' });
    for (const session of [plain.id, id]) {
      const events = await untilIdle(client, session);
      expect(typesOf(events).filter((type) => type === 'user.interrupt')).toHaveLength(1);
      expect(events.at(-1)).toMatchObject({ stop_reason: { type: 'end_turn' } });
    }
    const types = typesOf(await history(client, id)).filter((type) => type.startsWith('user.'));
    // It jumps the queue, as it does where the queue becomes the next turn.
    expect(types).toEqual(['user.message', 'user.interrupt', 'user.message']);
    await eventually('the requests to be given up', () => plain.request.closed() && request.closed());
    await untilStopped(idle);
    for (const session of [plain.id, id, idle]) {
      await expectClosed(session);
      expect(await retrieve(session)).toMatchObject({ status: 'idle', agent: { version: 2 } });
    }
    await client.beta.sessions.archive(plain.id);
    await client.beta.sessions.delete(id);
  });

  test('sessions that the alias did not give the version to are left alone', async () => {
    const { agent, path, busy, open, rollBack } = await released();
    await ask(pawl, pathOf(agent.id, 'other'), { version: 2, from: null });
    const { id } = agent;
    const archived = await open();
    await client.beta.sessions.archive(archived);
    const pinned = await busy({ type: 'agent', id, version: 2 });
    const others = [pinned, await busy(id), await busy(`${id}@latest`), await busy(`${id}@other`)];
    await ask(pawl, `${path}/rollback`, {});
    const good = await busy();
    await ask(pawl, `${path}/release`, {});
    await ask(pawl, path, { version: 2, from: 1 });
    const stranger = await (await released()).busy();
    // Those come first that were made first: once this one is stopped, the others were looked at.
    const bad = await busy();
    await rollBack({ running: 'interrupt' });
    await untilStopped(bad.id);
    await untilIdle(client, bad.id);
    for (const other of [...others, good, stranger]) {
      expect(await retrieve(other.id)).toMatchObject({ status: 'running', pawl: { stopped_at: null } });
      await send(other.id, say('More'));
      other.request.answer('Undisturbed');
    }
    for (let n = 0; n < others.length + 2; n++) (await model.next()).answer('Again');
    for (const other of [...others, good, stranger]) {
      await eventually('both turns', async () => answersIn(await history(client, other.id)).length === 2);
      expect(orderProblems(await untilIdle(client, other.id))).toEqual([]);
    }
    expect(await retrieve(archived)).toMatchObject({ status: 'terminated', pawl: { stopped_at: null } });
  });

  test('whoever is made while the alias moves back gets the good version, or is stopped', async () => {
    for (let round = 0; round < 5; round++) {
      const { agent, open, rollBack } = await released();
      const made: string[] = [];
      let over = false;
      const makers = Array.from({ length: 6 }, async () => {
        while (!over) made.push(await open());
      });
      await eventually('some sessions', () => made.length > 5 * round);
      await rollBack({ running: 'stop_new_turns' });
      const before = made.length;
      await eventually('some more sessions', () => made.length > before + 12);
      over = true;
      await Promise.all(makers);
      const odd = async () => {
        const found: string[] = [];
        for await (const one of client.beta.sessions.list({ agent_id: agent.id, limit: 100 })) {
          const session = one as unknown as SessionResponse;
          const isBad = session.agent.version === 2;
          if (isBad !== (session.pawl.stopped_at !== null)) found.push(session.id);
        }
        return found;
      };
      await eventually('nobody left on the bad version', async () => (await odd()).length === 0);
      expect(await retrieve(made.at(-1) ?? '')).toMatchObject({ agent: { version: 1 } });
    }
  });

  test('three hundred sessions are all stopped, and the answer shows the newest hundred of them', async () => {
    const { agent, open, rollBack } = await released();
    const ids: string[] = [];
    for (let n = 0; n < 300; n++) ids.push(await open());
    const busy = ids.filter((_, n) => n % 5 === 0);
    for (const id of busy) await send(id, say('Hello'), ...(busy.indexOf(id) % 2 === 0 ? [] : [interrupt]));
    const { sessions } = await rollBack({ running: 'interrupt' });
    expect(sessions.data.map(({ id }) => id)).toEqual(ids.slice(-100).toReversed());
    expect(sessions.has_more).toBe(true);
    const all = await eventually('all stopped', async () => {
      const found: SessionResponse[] = [];
      for await (const one of client.beta.sessions.list({ agent_id: agent.id, limit: 100 })) {
        found.push(one as unknown as SessionResponse);
      }
      return (
        found.every(({ status, pawl: { stopped_at } }) => status === 'idle' && stopped_at !== null) && found
      );
    });
    expect(all.map(({ id }) => id)).toEqual(ids.toReversed());
    for (const id of busy) {
      const events = await history(client, id);
      expect(orderProblems(events, { stopped: true }), id).toEqual([]);
      expect(typesOf(events).filter((type) => type === 'session.status_idle')).toHaveLength(1);
    }
  });

  test('a hundred sessions are all shown', async () => {
    const { open, rollBack } = await released();
    const ids: string[] = [];
    for (let n = 0; n < 100; n++) ids.push(await open());
    const { sessions } = await rollBack({});
    expect(sessions.data).toEqual(ids.toReversed().map((id) => ({ id, status: 'idle' })));
    expect(sessions.has_more).toBe(false);
  });
});
