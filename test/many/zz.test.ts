import { test } from 'vitest';
import { setTimeout as pause } from 'node:timers/promises';
import { openRows } from '../database-rows.ts';
import { freshDatabase } from '../postgres.ts';
import { startMember } from './member.ts';
test('x', async () => {
  const database = await freshDatabase();
  const m = await startMember({ settings: { database_url: database.url, log_level: 'debug', max_turns: '1', allow_private_webhooks: 'true' } });
  for (let i = 0; i < 4; i++) {
    await pause(1500);
    const rows = await openRows({ database_url: database.url });
    console.log(await rows.query("select singleton_key, state from pgboss.job"));
    await rows.close();
  }
  console.log(m.complaints());
  await m.kill();
  await database.drop();
}, 60000);
