import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { startServer } from '../../src/server.ts';
import { startGatedModel } from '../gated-model.ts';
import { quietLog, sdk, startPawl } from '../pawl.ts';
import { freshDatabase } from '../postgres.ts';
import { answersIn, makeSetting, openSession, say, untilIdle } from '../story.ts';
import { untilDutiesAreTaken } from './rows.ts';

/*
 * The goal: a command that works on the database of servers does what it has begun, and takes nothing of their users', which it
 * may have no keys for. The method: the server has room for one turn, so that the next one waits where a command finds it.
 */

test('a command beside a server runs its own sessions, and leaves those that wait to the server', async () => {
  const [database, model, ofCommand] = await Promise.all([
    freshDatabase(),
    startGatedModel(),
    startGatedModel(),
  ]);
  const place = { database_url: database.url, anthropic_api_key: 'upstream-key' };
  const pawl = await startPawl({ ...place, anthropic_base_url: model.url, max_turns: '1' });
  await untilDutiesAreTaken(database.url);
  const setting = await makeSetting(pawl.client);
  const [held, waits] = [await openSession(pawl.client, setting), await openSession(pawl.client, setting)];
  await pawl.client.beta.sessions.events.send(held.id, { events: [say('held')] });
  const first = await model.next();
  await pawl.client.beta.sessions.events.send(waits.id, { events: [say('waits')] });

  const flags = { ...place, port: '0', anthropic_base_url: ofCommand.url };
  const { config } = loadConfig({ flags, env: {}, folder: '/nonexistent' });
  const command = await startServer({ config, log: quietLog, for_one_command: true });
  const client = sdk(command.url, command.own_key);
  const own = await openSession(client, setting);
  await client.beta.sessions.events.send(own.id, { events: [say('own')] });
  const asked = await ofCommand.next();
  expect(asked.messages.at(-1)?.text).toBe('own');
  asked.answer('From the command.');
  expect(answersIn(await untilIdle(client, own.id))).toEqual(['From the command.']);

  first.answer('One.');
  const second = await model.next();
  expect(second.messages.at(-1)?.text).toBe('waits');
  second.answer('Two.');
  expect(answersIn(await untilIdle(pawl.client, waits.id))).toEqual(['Two.']);
  await command.close();
  await pawl.server.close();
  await Promise.all([model.close(), ofCommand.close()]);
  await database.drop();
}, 60_000);
