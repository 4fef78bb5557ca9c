import { setTimeout as wait } from 'node:timers/promises';
import { type Client, createClient, open, prepare } from './client.ts';
import type { FakeModel } from './fake-model.ts';
import { type Listeners, openListeners } from './listeners.ts';
import { median, runRound } from './measure.ts';
import type { Row } from './report.ts';
import { type Subject, startPawl, startScript } from './servers.ts';

const connections = 1000;
const events = 7;
/** Long enough for a server to put away what opening so many connections has left over. */
const settleMs = 2000;

/** What one round came to: memory that each connection holds, and how long an event takes to reach all of them. */
type Round = { readonly kb: number; readonly all_ms: number };

/** S1: 1,000 idle connections to the stream of one session, and an event that goes to all of them. */
export async function streams(model: FakeModel, rounds: number): Promise<Row[]> {
  const done: { pawl: Round; floor: Round }[] = [];
  for (let round = 0; round < rounds; round++) {
    const floor = await startScript('benchmarks/floor-streams.ts');
    // Slow enough that the reply comes when everybody has read the message.
    const pawl = await startPawl(`${model.url}/l/300`);
    try {
      done.push({ floor: await roundOnFloor(floor), pawl: await roundOnPawl(pawl) });
    } finally {
      await floor.dispose();
      await pawl.dispose();
    }
  }
  const scenario = `${connections.toLocaleString('en')} idle streams of a session`;
  const floor = (figure: keyof Round): string => median(done.map((one) => one.floor[figure])).toFixed(1);
  return [
    {
      ...{ id: 'S1', scenario, metric: 'resident per connection, KB', target: 40, fail_above: 80 },
      ...{ values: done.map(({ pawl }) => pawl.kb), note: `floor ${floor('kb')} KB` },
    },
    {
      ...{ id: 'S1', scenario, metric: 'sending until all have it, ms', target: 120, fail_above: 240 },
      ...{ values: done.map(({ pawl }) => pawl.all_ms), note: `floor ${floor('all_ms')} ms` },
    },
  ];
}

async function roundOnFloor(subject: Subject): Promise<Round> {
  const client = createClient(subject);
  const data = (name: string): object => ({ type: 'user.message', text: name, more: '.'.repeat(180) });
  return measure(subject, client, {
    path: '/stream',
    tell: async (name) => void (await client.json('POST', '/tell', data(name))),
    untilIdle: () => Promise.resolve(),
  });
}

async function roundOnPawl(subject: Subject): Promise<Round> {
  await runRound(subject, { cases: 200, concurrency: 16 });
  const client = createClient(subject);
  const { id, close } = await open(subject, client, await prepare(subject, client));
  close();
  const path = `/v1/sessions/${id}/events`;
  return measure(subject, client, {
    path: `${path}/stream`,
    async tell(name) {
      const content = [{ type: 'text', text: name }];
      await client.json('POST', path, { events: [{ type: 'user.message', content }] });
    },
    untilIdle: (listeners) => listeners.untilAllHave('event: session.status_idle'),
  });
}

type Telling = {
  readonly path: string;
  tell(name: string): Promise<void>;
  /** Waits for what follows an event. */
  untilIdle(listeners: Listeners): Promise<void>;
};

async function measure(subject: Subject, client: Client, { path, ...telling }: Telling): Promise<Round> {
  await wait(settleMs);
  const before = subject.rssMb();
  const listeners = await openListeners(`${subject.url}${path}`, connections);
  try {
    await wait(settleMs);
    const kb = ((subject.rssMb() - before) * 1024) / connections;
    const times: number[] = [];
    for (let event = 1; event <= events; event++) {
      const name = `ticket ${event}!`;
      const all = listeners.untilAllHave(name);
      const began = performance.now();
      const told = telling.tell(name);
      await all;
      times.push(performance.now() - began);
      await Promise.all([told, telling.untilIdle(listeners)]);
    }
    return { kb, all_ms: median(times) };
  } finally {
    listeners.close();
    client.close();
  }
}
