import { expect, test } from 'vitest';
import { ask } from '../evals/eval-story.ts';
import { startPawl } from '../pawl.ts';
import { migratedDatabase } from '../postgres.ts';
import { eventually } from '../story.ts';
import { answer, startReceiver } from '../webhook-receiver.ts';
import { lookAt, untilDutiesAreTaken } from './rows.ts';

test('what is being posted while its server ends is not posted by the next one as well', async () => {
  const [database, receiver] = await Promise.all([migratedDatabase(), startReceiver()]);
  const place = { database_url: database.url, allow_private_webhooks: 'true' };
  const leaving = await startPawl(place);
  await untilDutiesAreTaken(database.url);
  const staying = await startPawl(place);
  const { id } = await ask<{ id: string }>(leaving, '/webhooks', {
    url: receiver.url,
    enabled_events: ['*'],
  });
  // Long enough for another server to see to webhooks meanwhile, if it might.
  receiver.react((...given) => void setTimeout(() => answer(200)(...given), 1000));
  await ask(leaving, `/webhooks/${id}/test`, {});
  await receiver.until(1);
  await leaving.server.close();

  receiver.react(answer(200));
  await ask(staying, `/webhooks/${id}/test`, {});
  await receiver.until(2);
  const open = "select id from webhook_deliveries where status <> 'delivered'";
  await eventually('that both are delivered', async () => {
    return (await lookAt(database.url, (rows) => rows.query(open))).length === 0;
  });
  const told = receiver.received.map(({ headers }) => headers['webhook-id']);
  expect(new Set(told).size).toBe(2);
  expect(told).toHaveLength(2);
  await staying.server.close();
  await receiver.close();
  await database.drop();
}, 60_000);
