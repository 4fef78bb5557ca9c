import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createClient, open, prepare } from './client.ts';
import type { FakeModel } from './fake-model.ts';
import { median, middleMean, runRound, sideBySide, takeSlices } from './measure.ts';
import type { Row } from './report.ts';
import { runNode, type Subject, startFloor, startPawl, threadsMs } from './servers.ts';

/** How many sessions grow side by side. */
const sessions = 4;
const stretch = 50;

/** What a stretch of turns costs at each length of a session, in ms of CPU per turn. */
type Stretches = readonly number[];

/** P8: sessions of 200 turns, beside a floor that tells the model as much. */
export async function longSession(model: FakeModel, rounds: number): Promise<Row[]> {
  const turns = 200;
  const grown: { pawl: Stretches; floor: Stretches; bytes: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    const floor = await startFloor(model.url);
    const pawl = await startPawl(model.url);
    try {
      const warm = await warmUp([floor, pawl]);
      const costs = { floor: await grow(floor, turns), pawl: await grow(pawl, turns) };
      grown.push({ ...costs, bytes: bytesIn(pawl.folder) / (sessions * turns + warm) });
    } finally {
      await floor.dispose();
      await pawl.dispose();
    }
  }
  const growth = (costs: Stretches): number => (costs.at(-1) ?? 0) / (costs[0] ?? 0);
  const last = median(grown.map(({ pawl }) => pawl.at(-1) ?? 0)).toFixed(2);
  const scenario = `${sessions} sessions of ${turns} turns, model 0 ms`;
  return [
    {
      ...{ id: 'P8', scenario, metric: 'CPU of turns 151 to 200 ÷ of 1 to 50', target: 2, fail_above: 3 },
      values: grown.map(({ pawl }) => growth(pawl)),
      note: `${last} ms at the end; floor ${median(grown.map(({ floor }) => growth(floor))).toFixed(2)}`,
    },
    {
      ...{ id: 'P8', scenario, metric: 'on disk per turn, KB', target: 10, fail_above: 20 },
      values: grown.map(({ bytes }) => bytes / 1000),
      note: 'what SQLite has not taken over yet included',
    },
  ];
}

/** What turns cost that have few or many before them, in ms of CPU per turn. */
type Ends = { readonly first: number; readonly last: number };

/** Turns in one go; those of sessions that are new and of long ones take turns, so that the machine is the same for both. */
const slice = 5;

/**
 * P12: what a conversation of 500 turns adds to a turn, beside what it adds to building the same request from what is in
 * memory, sending it and reading the answer.
 */
export async function longConversation(model: FakeModel, rounds: number): Promise<Row[]> {
  const turns = 500;
  const costs: { pawl: Ends; request: Ends }[] = [];
  const pawl = await startPawl(model.url);
  try {
    await warmUp([pawl]);
    for (let round = 0; round < rounds; round++) {
      const args = [model.url, ...[turns, stretch, slice, sessions].map(String)];
      const { stdout } = await runNode(['benchmarks/floor-request.ts', ...args]);
      costs.push({ pawl: await bothEnds(pawl, turns), request: JSON.parse(stdout) as Ends });
    }
  } finally {
    await pawl.dispose();
  }
  const middle = (side: 'pawl' | 'request', end: keyof Ends): string =>
    median(costs.map((cost) => cost[side][end])).toFixed(2);
  const added = ({ first, last }: Ends): number => last - first;
  const told = (side: 'pawl' | 'request') => `${middle(side, 'first')} to ${middle(side, 'last')} ms`;
  return [
    {
      ...{ id: 'P12', scenario: `${sessions} sessions of ${turns} turns, model 0 ms` },
      metric: 'CPU that the history adds to a turn ÷ that it adds to the request alone',
      values: costs.map((cost) => added(cost.pawl) / added(cost.request)),
      ...{ target: 1, fail_above: 3 },
      note: `${told('pawl')}; request ${told('request')}`,
    },
  ];
}

/** What the first turns of sessions cost, and the last of sessions of so many. */
async function bothEnds(subject: Subject, turns: number): Promise<Ends> {
  const last = await talk(subject);
  const first = await talk(subject);
  try {
    await last.go(turns - stretch);
    const plan = { slices: stretch / slice, calls: slice * sessions, cpu: () => threadsMs(subject.pid) };
    const ways = { first, last };
    const costs = await takeSlices(['first', 'last'], plan, (way) => ways[way].go(slice));
    return {
      first: middleMean(costs.map((cost) => cost.first)),
      last: middleMean(costs.map((cost) => cost.last)),
    };
  } finally {
    first.close();
    last.close();
  }
}

/** Runs cases until the code is compiled, and gives how many turns that were at least. */
async function warmUp(subjects: readonly Subject[]): Promise<number> {
  const cases = 300;
  for (const subject of subjects) await runRound(subject, { cases, concurrency: sessions });
  return cases;
}

/** Sessions side by side, a stretch of turns after the other. */
async function grow(subject: Subject, turns: number): Promise<Stretches> {
  const talking = await talk(subject);
  try {
    const costs: number[] = [];
    for (let done = 0; done < turns; done += stretch) {
      const before = threadsMs(subject.pid);
      await talking.go(stretch);
      costs.push((threadsMs(subject.pid) - before) / (stretch * sessions));
    }
    return costs;
  } finally {
    talking.close();
  }
}

/** Opens sessions that are spoken with side by side; each time they go on from where they are. */
async function talk(subject: Subject): Promise<{ go(turns: number): Promise<void>; close(): void }> {
  const client = createClient(subject);
  const place = await prepare(subject, client);
  const all = await sideBySide(sessions, sessions, () => open(subject, client, place, { history: true }));
  let done = 0;
  return {
    async go(turns) {
      const from = done;
      done += turns;
      await sideBySide(sessions, sessions, async (index) => {
        for (let turn = from + 1; turn <= from + turns; turn++) await all[index]?.say(turn);
      });
    },
    close() {
      for (const conversation of all) conversation.close();
      client.close();
    },
  };
}

function bytesIn(folder: string): number {
  const files = readdirSync(folder).filter((name) => name.startsWith('pawl.db'));
  return files.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}
