import { type Client, createClient, type Place, prepare, runCase } from './client.ts';
import type { FakeModel } from './fake-model.ts';
import { median, sideBySide } from './measure.ts';
import { type Postgres, startPostgres } from './postgres.ts';
import type { Row } from './report.ts';
import { type Subject, startPawl } from './servers.ts';

const concurrency = 64;
const cases = 1000;
/** How many cases each process has before it is measured, or many processes would be measured cold. */
const warmUpCases = 300;

/** How many processes there are, and whether a session keeps to one of them or each request goes to the next. */
const ways = [
  { name: '1 process', processes: 1, spread: 'sessions' },
  { name: '2 processes', processes: 2, spread: 'sessions' },
  { name: '4 processes', processes: 4, spread: 'sessions' },
  { name: '2 processes, each request to the next', processes: 2, spread: 'requests' },
] as const;
type Way = (typeof ways)[number];

type Round = { readonly cases_per_second: number; readonly cpu_per_case: number };

/** M1: create and one turn by several processes on one PostgreSQL, against one process on it. */
export async function processes(model: FakeModel, rounds: number): Promise<Row[]> {
  const postgres = await startPostgres();
  const rows: Row[] = [];
  try {
    for (const modelMs of [0, 50]) {
      const done: Round[][] = [];
      for (let round = 0; round < rounds; round++) {
        const of: Round[] = [];
        for (const [index, way] of ways.entries()) {
          const database = await postgres.create(`m${modelMs}_${round}_${index}`);
          of.push(await runWay(way, `${model.url}/l/${modelMs}`, database));
        }
        done.push(of);
      }
      rows.push(...rowsOf(done, modelMs, postgres));
    }
    return rows;
  } finally {
    await postgres.stop();
  }
}

function rowsOf(done: readonly (readonly Round[])[], modelMs: number, postgres: Postgres): Row[] {
  const figures = (index: number, figure: keyof Round): number[] =>
    done.map((round) => round[index]?.[figure] ?? Number.NaN);
  const middle = (index: number, figure: keyof Round): string => median(figures(index, figure)).toFixed(2);
  const against = (index: number, figure: keyof Round): number[] =>
    figures(index, figure).map((value, round) => value / (figures(0, figure)[round] ?? Number.NaN));
  const on = `PostgreSQL ${postgres.version}, model ${modelMs} ms, ${concurrency} at a time`;
  const one = { rate: `${middle(0, 'cases_per_second')}/s`, cpu: `${middle(0, 'cpu_per_case')} ms` };
  return ways.slice(1).flatMap(({ name }, beyond) => {
    const index = beyond + 1;
    const scenario = `${name}, ${on}`;
    return [
      {
        ...{ id: 'M1', scenario, metric: 'cases/s of one process ÷ of these', target: 1, fail_above: 1.5 },
        values: against(index, 'cases_per_second').map((ratio) => 1 / ratio),
        note: `${middle(index, 'cases_per_second')}/s; one ${one.rate}`,
      },
      {
        ...{ id: 'M1', scenario, metric: 'CPU per case ÷ of one process', target: 1.25, fail_above: 2 },
        values: against(index, 'cpu_per_case'),
        note: `${middle(index, 'cpu_per_case')} ms; one ${one.cpu}`,
      },
    ];
  });
}

async function runWay(
  { processes: count, spread }: Way,
  modelUrl: string,
  databaseUrl: string,
): Promise<Round> {
  // The first one makes the tables.
  const first = await startPawl(modelUrl, { databaseUrl });
  const others = await sideBySide(count - 1, count, () => startPawl(modelUrl, { databaseUrl }));
  const subjects = [first, ...others];
  const clients = subjects.map((subject) => createClient(subject));
  try {
    const place = await prepare(first, clients[0] ?? createClient(first));
    const of = spread === 'requests' ? [oneAfterTheOther(clients)] : clients;
    await runCases(first, of, place, warmUpCases * count);
    const cpu = (): number => subjects.reduce((sum, subject) => sum + subject.cpuMs(), 0);
    const cpuBefore = cpu();
    const began = performance.now();
    await runCases(first, of, place, cases);
    const seconds = (performance.now() - began) / 1000;
    return { cases_per_second: cases / seconds, cpu_per_case: (cpu() - cpuBefore) / cases };
  } finally {
    for (const client of clients) client.close();
    for (const subject of subjects) await subject.dispose();
  }
}

let nextTicket = 1;

async function runCases(
  subject: Subject,
  clients: readonly Client[],
  place: Place,
  count: number,
): Promise<void> {
  await sideBySide(count, concurrency, async (index) => {
    const client = clients[index % clients.length];
    if (client !== undefined) await runCase(subject, client, place, nextTicket++);
  });
}

/** A client that sends each request to the next server, as a balancer does that knows nothing of sessions. */
function oneAfterTheOther(clients: readonly Client[]): Client {
  let sent = 0;
  const next = (): Client => {
    const client = clients[sent++ % clients.length];
    if (client === undefined) throw new Error('There are no servers');
    return client;
  };
  return {
    json: (...request) => next().json(...request),
    open: (...request) => next().open(...request),
    close: () => {},
  };
}
