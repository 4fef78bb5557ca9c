import { expect, test } from 'vitest';
import type { PromotionResponse } from '../../src/api/promotions.ts';
import { openSharedBus } from '../../src/queue/shared-bus.ts';
import { startCountedModel } from '../evals/counted-model.ts';
import { ask } from '../evals/eval-story.ts';
import { lookAt, untilDutiesAreTaken } from '../many/rows.ts';
import { quietLog, startPawl } from '../pawl.ts';
import { migratedDatabase } from '../postgres.ts';
import { evaluated, newMeasured, newPeople, pathOf, untilJudged } from './release-story.ts';

test('a promotion whose maker died before its evidence began is measured by whoever has been there all along', async () => {
  const [database, model] = await Promise.all([migratedDatabase(), startCountedModel()]);
  const pawl = await startPawl({
    ...{ database_url: database.url, anthropic_base_url: model.url, anthropic_api_key: 'upstream-key' },
  });
  await untilDutiesAreTaken(database.url);
  const people = await newPeople(pawl);
  const measured = await newMeasured(people, { name: 'left', versions: 3, cases: 12 });
  await ask(people.releaser, pathOf(measured.agent_id), { version: 1, from: null });
  const fresh = await evaluated(people, measured, 2);
  const old = await evaluated(people, measured, 3);

  // As they are where a process has made them that was killed: one a moment ago, the other one for long.
  const leave = ({ id }: PromotionResponse, at: string) =>
    lookAt(database.url, (rows) =>
      rows.query(`update promotions set comparison_id = null, updated_at = '${at}' where id = '${id}'`),
    );
  await leave(fresh, '9999-01-01T00:00:00.000000Z');
  await leave(old, '2026-01-01T00:00:00.000000Z');
  const other = await openSharedBus({ url: database.url, name: 'other', log: quietLog });
  await other.sendNow({ type: 'wake', duty: 'release' });
  await untilJudged(people.author, old.id);
  // Its maker may be about to begin it, and comes first.
  expect(await ask(people.author, `/promotions/${fresh.id}`)).toMatchObject({ evidence: null });
  await other.close();
  await pawl.server.close();
  await model.close();
  await database.drop();
}, 60_000);
