import { expect, test } from 'vitest';
import { startGatedModel } from '../gated-model.ts';
import { sdk, startPawl } from '../pawl.ts';
import { freshDatabase } from '../postgres.ts';
import { eventually, makeSetting, openSession, say } from '../story.ts';

/*
 * One statement has a limit on its values: 32,766 on SQLite, 65,535 on PostgreSQL. A session that queued more than
 * fits must not run into it at the end of its turn, because it would run into it for ever.
 */

test.each([
  ['SQLite', 7000],
  ['PostgreSQL', 14_000],
])('A turn takes thousands of queued messages, or they were refused (%s)', async (kind, count) => {
  const model = await startGatedModel();
  const database = kind === 'PostgreSQL' ? await freshDatabase() : null;
  const { server, key, url } = await startPawl({
    anthropic_base_url: model.url,
    anthropic_api_key: 'upstream-key',
    model_max_retries: '0',
    ...(database === null ? {} : { database_url: database.url }),
  });
  const client = sdk(url, key, { maxRetries: 0 });
  const { events, retrieve } = client.beta.sessions;
  const { id } = await openSession(client, await makeSetting(client));
  await events.send(id, { events: [say('First')] });
  const first = await model.next();
  const batch = Array.from({ length: 50 }, () => say('queued'));
  for (let sent = 0; sent < count; sent += batch.length) {
    const status = await events.send(id, { events: batch }).then(
      () => 200,
      (error: { status: number }) => error.status,
    );
    // A queue may have an end, if it says so.
    if (status !== 200) {
      expect(status).toBe(400);
      break;
    }
  }
  first.answer('One.');
  const second = await eventually('a second turn', () => model.next(), 5000).catch(() => null);
  const joined = second?.messages.map(({ role }) => role);
  second?.answer('Two.');
  const { status } = await eventually('the session idle', async () => {
    const session = await retrieve.call(client.beta.sessions, id);
    return session.status === 'idle' ? session : null;
  });
  await model.close();
  await server.close();
  await database?.drop();
  expect(joined).toEqual(['user', 'assistant', 'user']);
  expect(status).toBe('idle');
});
