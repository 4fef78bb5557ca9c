import { updateAlias } from '../src/store/aliases.ts';
import type { FakeModel } from './fake-model.ts';
import { openRooms, ownMicroseconds, type Rooms } from './in-process.ts';
import { median, sideBySide, takeTurns } from './measure.ts';
import type { Row } from './report.ts';

/** Few enough that the versions of all are kept in memory, and too many for that. */
const fewAgents = 40;
const manyAgents = 1000;
const callsOfSlice = 2000;
const slicesOfRound = 20;

const ways = ['floor', 'alone', 'rollout'] as const;
type Way = (typeof ways)[number];

/**
 * F1: what it takes to decide which version a session gets, where so many aliases have a rollout and as many have none:
 * the alias is read from SQLite, the key is placed, and the version is found, in memory or by another read. Beside it
 * stands a hash of the key alone.
 */
export async function rolloutDecision(_model: FakeModel, rounds: number): Promise<Row[]> {
  return [await decisionAmong(fewAgents, rounds), await decisionAmong(manyAgents, rounds)];
}

async function decisionAmong(agents: number, rounds: number): Promise<Row> {
  const rooms = await openRooms();
  try {
    const ids = {
      alone: await addAgents(rooms, { agents, isSplit: false }),
      rollout: await addAgents(rooms, { agents, isSplit: true }),
    };
    let next = 0;
    const decide = async (way: Way): Promise<void> => {
      for (let n = 0; n < callsOfSlice; n++) {
        const key = `customer ${next++}`;
        if (way === 'floor') bucketOf(key);
        else
          await rooms.agents.resolve(
            { id: ids[way][next % agents] ?? '', alias: 'production' },
            undefined,
            key,
          );
      }
    };
    const slices = { slices: slicesOfRound, calls: callsOfSlice, cpu: ownMicroseconds };
    await takeTurns(ways, slices, decide);
    const costs: Record<Way, number>[] = [];
    for (let round = 0; round < rounds; round++) costs.push(await takeTurns(ways, slices, decide));
    const price = (way: Way): string => median(costs.map((cost) => cost[way])).toFixed(2);
    const versions = agents === fewAgents ? 'versions in memory' : 'versions read as well';
    return {
      id: 'F1',
      scenario: `which version, ${2 * agents} aliases, SQLite in a file, ${versions}`,
      metric: 'CPU of a split decision, µs',
      values: costs.map((cost) => cost.rollout),
      target: 15,
      fail_above: 50,
      note: `alias without a rollout ${price('alone')}; hash of the key alone ${price('floor')}`,
    };
  } finally {
    await rooms.dispose();
  }
}

async function addAgents(
  { store, addAgent }: Rooms,
  { agents, isSplit }: { readonly agents: number; readonly isSplit: boolean },
): Promise<string[]> {
  return sideBySide(agents, 64, async () => {
    const id = await addAgent('production');
    const rollout = { rollout_id: 'roll_bench', canary_salt: id, canary_version: 2, canary_weight: 1000 };
    if (isSplit) await store.write((tx) => updateAlias(tx, { agent_id: id, name: 'production' }, rollout));
    return id;
  });
}

/** The least that a split can be: FNV-1a of 32 bits over the key, modulo 10,000. */
function bucketOf(key: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(key)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0) % 10_000;
}
