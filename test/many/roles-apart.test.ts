import { expect, test } from 'vitest';
import { startGatedModel } from '../gated-model.ts';
import { migratedDatabase } from '../postgres.ts';
import { answersIn, eventually, history, makeSetting, openSession, say } from '../story.ts';
import { orderProblems } from '../turn-order.ts';
import { listAll } from './follower.ts';
import { startMember } from './member.ts';

/*
 * The goal: one process that only answers requests, and one that only works, are together what one is that does both.
 */

test('what an API process accepts waits for a worker, whose events its streams tell', async () => {
  const [database, idle, model] = await Promise.all([
    migratedDatabase(),
    startGatedModel(),
    startGatedModel(),
  ]);
  const place = { database_url: database.url };
  const api = await startMember({ settings: { ...place, role: 'api', anthropic_base_url: idle.url } });
  const { id } = await openSession(api.client, await makeSetting(api.client));
  const stream = await api.client.beta.sessions.events.stream(id);
  const { data } = await api.client.beta.sessions.events.send(id, { events: [say('Hello')] });
  const told: string[] = [];
  const read = (async () => {
    for await (const event of stream) {
      if ('processed_at' in event && event.processed_at !== null && 'id' in event) told.push(event.id);
      if (event.type === 'session.status_idle') break;
    }
  })();
  expect(await api.client.beta.sessions.retrieve(id)).toMatchObject({ status: 'running' });
  const worker = await startMember({ settings: { ...place, role: 'worker', anthropic_base_url: model.url } });
  (await model.next()).answer('From the worker.');
  await read;
  const events = await history(api.client, id);
  expect(orderProblems(events)).toEqual([]);
  expect(answersIn(events)).toEqual(['From the worker.']);
  expect(events.filter((event) => event.id === data?.[0]?.id)).toHaveLength(1);
  expect(told).toEqual((await listAll(api.client, id)).map((event) => event.id));

  // A turn in progress is interrupted wherever it runs.
  await api.client.beta.sessions.events.send(id, { events: [say('Think hard.')] });
  const held = await model.next();
  await api.client.beta.sessions.events.send(id, { events: [{ type: 'user.interrupt' }] });
  await eventually('the request to be given up', held.closed);
  await eventually('idle', async () => (await api.client.beta.sessions.retrieve(id)).status === 'idle');
  expect(await worker.end()).toBe(0);
  expect(await api.end()).toBe(0);
  expect(api.complaints() + worker.complaints()).toBe('');
  await Promise.all([idle.close(), model.close()]);
  await database.drop();
}, 60_000);
