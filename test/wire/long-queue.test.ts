import { expect, test } from 'vitest';
import { startGatedModel } from '../gated-model.ts';
import { sdk, startPawl } from '../pawl.ts';
import { migratedDatabase } from '../postgres.ts';
import { errorOf, eventually, makeSetting, openSession, say } from '../story.ts';

/*
 * Every step of a turn reads what waits for its end, and one statement writes it: a queue has an end, and says so. A session
 * that is full must not run into anything at the end of its turn, because it would run into it for ever.
 */

const mostQueued = 1000;

test.each(['SQLite', 'PostgreSQL'])(
  'A turn takes all messages that can wait, and more are refused (%s)',
  async (kind) => {
    const model = await startGatedModel();
    const database = kind === 'PostgreSQL' ? await migratedDatabase() : null;
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
    for (let sent = 0; sent < mostQueued; sent += batch.length) await events.send(id, { events: batch });
    const refused = await errorOf(events.send(id, { events: [say('one too many')] }));
    expect(refused).toMatchObject({ status: 429 });
    first.answer('One.');
    const second = await eventually('a second turn', () => model.next(), 5000).catch(() => null);
    const joined = second?.messages.map(({ role }) => role);
    const heard = second?.messages.at(-1)?.text.match(/queued/g)?.length;
    second?.answer('Two.');
    const { status } = await eventually('the session idle', async () => {
      const session = await retrieve.call(client.beta.sessions, id);
      return session.status === 'idle' ? session : null;
    });
    await model.close();
    await server.close();
    await database?.drop();
    expect(joined).toEqual(['user', 'assistant', 'user']);
    expect(heard).toBe(mostQueued);
    expect(status).toBe('idle');
  },
);
