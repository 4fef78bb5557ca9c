import { expect, test } from 'vitest';
import { readTime } from '../core/clock.ts';
import { insertAgent, insertVersion } from '../store/agents.ts';
import { insertEnvironment } from '../store/environments.ts';
import { openStore } from '../store/open.ts';
import { insertSession, type SessionRow } from '../store/sessions.ts';
import {
  at,
  sampleAgent,
  sampleEnvironment,
  sampleSession,
  sampleVersion,
} from '../store/store.testsuite.ts';
import { readAgentCosts } from './costs.ts';

const dayUs = 86_400_000_000;

test('Costs are the same however many days they are spread over, in the order of versions, aliases and arms', async () => {
  const store = await openStore({ kind: 'memory' });
  const rollout = (arm: 'canary' | 'control') => ({ resolution_alias: 'zoo', rollout_id: 'roll_1', arm });
  const ways: Partial<SessionRow>[] = [
    { resolution_alias: null },
    rollout('canary'),
    { resolution_alias: 'zoo' },
    rollout('control'),
    { resolution_alias: 'beta', agent_version: 2 },
  ];
  await store.write(async (tx) => {
    await insertEnvironment(tx, sampleEnvironment('env'));
    await insertAgent(tx, sampleAgent('agent'));
    await insertVersion(tx, sampleVersion('agent', 2));
    for (const day of [0, 1, 5]) {
      for (const [i, way] of ways.entries()) {
        const fields = { agent_id: 'agent', environment_id: 'env', turns: 1, list_cost_usd: 0.1 };
        const created_at = at(day * dayUs + i);
        await insertSession(tx, sampleSession(`${day} ${i}`, { ...fields, ...way, created_at }));
      }
    }
  });
  const from = readTime(at(0));
  const costs = await readAgentCosts(store, { agent_id: 'agent', from, before: from + 5 * dayUs + 2 });
  expect(costs.total).toMatchObject({ sessions: 12, turns: 12, cost_usd: 1.2 });
  const seen = costs.versions.map(({ version, sessions, cost_usd, parts }) => ({
    ...{ version, sessions, cost_usd },
    parts: parts.map((part) => [part.alias, part.arm, part.sessions, part.cost_usd]),
  }));
  expect(seen).toEqual([
    { version: 2, sessions: 2, cost_usd: 0.2, parts: [['beta', null, 2, 0.2]] },
    {
      ...{ version: 1, sessions: 10, cost_usd: 1 },
      parts: [
        ['zoo', 'control', 2, 0.2],
        ['zoo', 'canary', 3, 0.3],
        ['zoo', null, 2, 0.2],
        [null, null, 3, 0.3],
      ],
    },
  ]);
  await store.close();
});
