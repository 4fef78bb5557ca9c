import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startGatedModel } from './gated-model.ts';
import { live, liveHere } from './life.ts';
import { compactionsIn, lastOf, limit, readBy, restOf, untilSummary } from './limit-story.ts';
import { type FreshDatabase, migratedDatabase } from './postgres.ts';
import { answersIn, eventually, history, openSession, say, typesOf, untilIdle } from './story.ts';
import { answerTo, askedIn, callsIn, makeArmedSetting, untilAsked } from './tool-story.ts';

/*
 * The goal: a session that has used up its budget, or is being summarised, survives `kill -9`: nothing is asked that was
 * not to be, and nothing is paid for twice that was written down. The method is that of crash.test.ts.
 */

const usage = { input_tokens: 500_000, output_tokens: 0 };
const prices = 'claude-*=1/1';

describe.each(['SQLite', 'PostgreSQL'])('On %s', (kind) => {
  let database: FreshDatabase | null = null;
  let folder: string;
  let place: Record<string, string>;

  beforeAll(async () => {
    database = kind === 'PostgreSQL' ? await migratedDatabase() : null;
    folder = mkdtempSync(join(tmpdir(), 'pawl-crash-limits-'));
    place = database === null ? { data_dir: folder } : { database_url: database.url };
  });

  afterAll(async () => {
    await database?.drop();
    rmSync(folder, { recursive: true });
  });

  test('a session at its budget stays there, and one whose budget was raised goes on', {
    timeout: 60_000,
  }, async () => {
    const gated = await startGatedModel();
    const settings = { ...place, anthropic_base_url: gated.url, model_prices: prices };
    const first = await live(settings);
    const armed = await makeArmedSetting(first.client);
    const calls = [{ name: 'look_up', input: {} }];
    const spend = async () => {
      const { id } = await openSession(first.client, armed, { budget: limit(50) });
      await first.client.beta.sessions.events.send(id, { events: [say('Look')] });
      (await gated.next()).answer({ calls, usage });
      const [call = ''] = await untilAsked(first.client, id);
      await first.client.beta.sessions.events.send(id, { events: [answerTo(call, 'found')] });
      return id;
    };
    const resting = await spend();
    const raised = await spend();
    await first.client.beta.sessions.update(raised, { budget: limit(100) });
    (await gated.next()).begin('A reply that is cut');
    const crossing = await openSession(first.client, armed, { budget: limit(50) });
    await first.client.beta.sessions.events.send(crossing.id, { events: [say('Hi')] });
    (await gated.next()).begin('Another reply that is cut');
    const before = await history(first.client, resting);
    await first.kill();

    const { client: again, took, kill } = await liveHere(settings);
    expect([2, null]).toContain(took);
    for (let n = 0; n < 2; n++) (await gated.next()).answer({ text: 'Done.', usage });
    for (const [id, cents] of [
      [raised, '100'],
      [crossing.id, '50'],
    ] as const) {
      const events = await eventually(`the end of ${id}`, async () => {
        const all = await history(again, id);
        return restOf(all)[1] === 'budget_reached' && answersIn(all).includes('Done.') ? all : null;
      });
      expect(restOf(events)).toEqual(['end_turn', 'budget_reached']);
      expect(lastOf(events, 'session.usage')).toMatchObject({ usage: { list_cost: { amount: cents } } });
      expect(typesOf(events).filter((type) => type === 'session.updated').length).toBe(id === raised ? 1 : 0);
    }
    expect(await history(again, resting)).toEqual(before);
    await again.beta.sessions.update(resting, { budget: limit(100) });
    (await gated.next()).answer({ text: 'Done.', usage });
    const events = await untilIdle(again, resting);
    expect(callsIn(events)).toHaveLength(1);
    expect(answersIn(events)).toEqual(['Done.']);
    await kill();
    await gated.close();
  });

  test('a summary under way is made anew, and one that was written down is not', {
    timeout: 60_000,
  }, async () => {
    const gated = await startGatedModel();
    const options = { ...place, anthropic_base_url: gated.url };
    const first = await live(options);
    const armed = await makeArmedSetting(first.client);
    const begin = async () => {
      const { id } = await openSession(first.client, armed);
      await first.client.beta.sessions.events.send(id, { events: [say('Look')] });
      (await gated.next()).answer({ calls: [{ name: 'look_up', input: {} }] });
      const [call = ''] = await untilAsked(first.client, id);
      await first.client.beta.sessions.events.send(id, { events: [answerTo(call, 'found it')] });
      return id;
    };
    const under = await begin();
    (await untilSummary(gated)).begin('Half a summary');
    const done = await begin();
    (await untilSummary(gated)).answer('Notes.');
    (await gated.next()).answer('All the notes.');
    (await gated.next()).begin('Half an answer');
    await first.kill();

    const { client: again, took, kill } = await liveHere(options);
    expect([2, null]).toContain(took);
    const [one, two] = [await gated.next(), await gated.next()];
    const noted = [one, two].find((request) => readBy(request).includes('All the notes.'));
    const whole = [one, two].find((request) => readBy(request).includes('found it'));
    expect(noted?.messages).toHaveLength(1);
    noted?.answer('Done.');
    whole?.tooLong();
    (await gated.next()).answer('Notes.');
    (await gated.next()).answer('All the notes.');
    (await gated.next()).answer('Done.');
    for (const id of [under, done]) {
      const all = await eventually(`the end of ${id}`, async () => {
        const now = await history(again, id);
        return answersIn(now).includes('Done.') && restOf(now)[1] === 'end_turn' ? now : null;
      });
      expect(compactionsIn(all)).toMatchObject([{ pawl: { summary: 'All the notes.' } }]);
      expect(answersIn(all)).toEqual(['Done.']);
      expect(askedIn(all)).toBeNull();
      expect(callsIn(all)).toHaveLength(1);
    }
    await kill();
    await gated.close();
  });

  test('a request that was cut short is no further round of the turn', { timeout: 60_000 }, async () => {
    const gated = await startGatedModel();
    const settings = { ...place, anthropic_base_url: gated.url, max_tool_rounds: '1' };
    const first = await live(settings);
    const { id } = await openSession(first.client, await makeArmedSetting(first.client));
    await first.client.beta.sessions.events.send(id, { events: [say('Hi')] });
    (await gated.next()).begin('Half an answer');
    await first.kill();
    const second = await liveHere(settings);
    (await gated.next()).answer('Done.');
    const all = await untilIdle(second.client, id);
    expect(answersIn(all)).toEqual(['Done.']);
    expect(restOf(all)).toEqual(['end_turn', 'end_turn']);
    await second.kill();
    await gated.close();
  });
});
