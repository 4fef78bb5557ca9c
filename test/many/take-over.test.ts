import { afterEach, beforeEach, expect, test } from 'vitest';
import { type GatedModel, type HeldRequest, startGatedModel } from '../gated-model.ts';
import { type FreshDatabase, migratedDatabase } from '../postgres.ts';
import { answersIn, eventually, history, makeSetting, openSession, say, untilIdle } from '../story.ts';
import { orderProblems } from '../turn-order.ts';
import { startReceiver } from '../webhook-receiver.ts';
import { type Member, startMember } from './member.ts';
import { lookAt, untilDutiesAreTaken } from './rows.ts';

/*
 * The goal: a turn goes on elsewhere when its process dies or stands still, and never while it is merely slow. The method: each
 * process has a model of its own, so that it is known who asks; the turns share the time that it takes to be given up.
 */

const patienceMs = 60_000;
let database: FreshDatabase;
const models: GatedModel[] = [];
const members: Member[] = [];

beforeEach(async () => {
  database = await migratedDatabase();
});

afterEach(async () => {
  await Promise.all(members.splice(0).map((member) => member.kill()));
  await Promise.all(models.splice(0).map((model) => model.close()));
  await database.drop();
});

async function start(max_turns: string) {
  const model = await startGatedModel();
  models.push(model);
  const place = { database_url: database.url, anthropic_base_url: model.url };
  const member = await startMember({ settings: { ...place, max_turns, allow_private_webhooks: 'true' } });
  members.push(member);
  return { member, model, client: member.client };
}

const nextAt = (model: GatedModel): Promise<HeldRequest> =>
  eventually('a request at the model', () => model.next().catch(() => null), patienceMs);

const textOf = ({ messages }: HeldRequest): string => messages.at(-1)?.text ?? '';

test('turns of a process that is killed, or stands still, go on in another one; a slow one stays where it is', async () => {
  const receiver = await startReceiver();
  // The first one has all the duties, webhooks among them.
  const still = await start('1');
  await untilDutiesAreTaken(database.url);
  const [dying, slow] = await Promise.all([start('1'), start('1')]);
  await slow.client.post('/pawl/v1/webhooks', {
    body: { url: receiver.url, enabled_events: ['session.status_idled'] },
  });
  const setting = await makeSetting(slow.client);
  const sessions = new Map<string, string>();
  for (const text of ['one', 'two', 'three']) {
    const { id } = await openSession(slow.client, setting);
    sessions.set(text, id);
    await slow.client.beta.sessions.events.send(id, { events: [say(text)] });
  }
  // Each has room for one.
  const [held, lost, waited] = await Promise.all([still, dying, slow].map(({ model }) => nextAt(model)));
  if (held === undefined || lost === undefined || waited === undefined) throw new Error('They have no turns');
  const idOf = (request: HeldRequest): string => sessions.get(textOf(request)) ?? '';
  const taker = await start('10');

  await dying.member.kill();
  still.member.signal('SIGSTOP');
  const again = [await nextAt(taker.model), await nextAt(taker.model)];
  expect(again.map(textOf).toSorted()).toEqual([textOf(held), textOf(lost)].toSorted());
  for (const request of again) request.answer('Taken over.');
  for (const request of [held, lost]) {
    const events = await untilIdle(taker.client, idOf(request));
    expect(orderProblems(events)).toEqual([]);
    expect(answersIn(events)).toEqual(['Taken over.']);
  }
  // By now it has taken longer than a process may be silent.
  waited.answer('At last.');
  const slowEvents = await untilIdle(slow.client, idOf(waited));
  expect(answersIn(slowEvents)).toEqual(['At last.']);
  expect(slowEvents.filter(({ type }) => type === 'span.model_request_start')).toHaveLength(1);
  // Somebody else sends what the one that stands still would have.
  await receiver.until(3);

  // What it was waiting for is there when it wakes.
  held.answer('Too late.');
  still.member.signal('SIGCONT');
  const attempts = await lookAt(database.url, (rows) => rows.query('select id, attempt from sessions'));
  const attemptOf = (request: HeldRequest) => attempts.find(({ id }) => id === idOf(request))?.['attempt'];
  expect([held, lost, waited].map((request) => Number(attemptOf(request)))).toEqual([2, 2, 1]);
  // With nobody else there, it has to be done with its old turn to take a new one.
  await Promise.all([taker.member.kill(), slow.member.kill()]);
  const { id } = await openSession(still.client, setting);
  await still.client.beta.sessions.events.send(id, { events: [say('four')] });
  const fresh = await nextAt(still.model);
  expect(textOf(fresh)).toBe('four');
  fresh.answer('Awake.');
  expect(answersIn(await untilIdle(still.client, id))).toEqual(['Awake.']);
  const after = await history(still.client, idOf(held));
  expect(orderProblems(after)).toEqual([]);
  expect(answersIn(after)).toEqual(['Taken over.']);
  expect(slow.member.complaints() + taker.member.complaints()).toBe('');
  await receiver.until(4);
  const told = receiver.received.map(({ headers }) => headers['webhook-id']);
  expect(told).toHaveLength(new Set(told).size);
  await receiver.close();
}, 120_000);
