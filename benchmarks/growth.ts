import { type Client, createClient, open, type Place, prepare, runCase } from './client.ts';
import type { FakeModel } from './fake-model.ts';
import { fillSessions } from './fill-sessions.ts';
import { median, runRound } from './measure.ts';
import { startPostgres } from './postgres.ts';
import type { Row } from './report.ts';
import { type Subject, startPawl } from './servers.ts';

const few = 1000;
const alias = 'live';

/** P7 and the restart of P9: what grows when a hundred times as much is stored. */
export async function growth(model: FakeModel, rounds: number): Promise<Row[]> {
  const many = 100_000;
  const scenario = `${inWords(many)} sessions against ${inWords(few)}`;
  const grown = await compare(model, { many, rounds, calls: 100 });
  return [
    ...ratios(grown, { id: 'P7', scenario }),
    {
      id: 'P9',
      scenario: `restart with ${inWords(many)} sessions`,
      metric: '÷ start without any',
      values: [grown.start_ms / grown.empty_start_ms],
      target: 1.5,
      fail_above: 3,
      note: `${grown.start_ms.toFixed(0)} ms; empty ${grown.empty_start_ms.toFixed(0)} ms`,
    },
  ];
}

/** P13: the same with a million sessions, on both databases. Filling them takes minutes, so only when it is named. */
export async function million(model: FakeModel, rounds: number): Promise<Row[]> {
  const many = 1_000_000;
  const scenario = `${inWords(many)} sessions against ${inWords(few)}`;
  const onSqlite = await compare(model, { many, rounds, calls: 200 });
  const postgres = await startPostgres({ large: true });
  try {
    const databases = { small: await postgres.create('small'), large: await postgres.create('large') };
    const onPostgres = await compare(model, { many, rounds, calls: 200, databases });
    const version = `PostgreSQL ${postgres.version}`;
    return [
      ...ratios(onSqlite, { id: 'P13', scenario: `${scenario}, SQLite` }),
      ...ratios(onPostgres, { id: 'P13', scenario: `${scenario}, ${version}` }),
    ];
  } finally {
    await postgres.stop();
  }
}

const inWords = (count: number): string => count.toLocaleString('en');

type Comparison = {
  readonly many: number;
  readonly rounds: number;
  /** How often each operation is done in a round. */
  readonly calls: number;
  /** PostgreSQL databases, in place of SQLite. */
  readonly databases?: { readonly small: string; readonly large: string };
};

type Grown = {
  /** What each operation took with many sessions stored, and with few: p50 in ms, one for each round. */
  readonly many: readonly Times[];
  readonly few: readonly Times[];
  readonly start_ms: number;
  readonly empty_start_ms: number;
};

type Times = Readonly<Record<string, number>>;

/** Does the same to a server with few sessions stored and to one with many, call by call in turn. */
async function compare(model: FakeModel, { many, rounds, calls, databases }: Comparison): Promise<Grown> {
  const one = await startFilled(model, { sessions: few, databaseUrl: databases?.small });
  const lots = await startFilled(model, { sessions: many, databaseUrl: databases?.large });
  try {
    const done = { few: [] as Times[], many: [] as Times[] };
    for (let round = 0; round < rounds; round++) {
      const times = await inTurn(await operations(one.subject), await operations(lots.subject), calls);
      done.few.push(times.few);
      done.many.push(times.many);
    }
    const empty_start_ms = median([one.empty_start_ms, lots.empty_start_ms]);
    return { ...done, start_ms: lots.subject.start_ms, empty_start_ms };
  } finally {
    await one.subject.dispose();
    await lots.subject.dispose();
  }
}

/** The p50 of each operation on both sides. They take turns call by call, so that the machine is the same for both. */
async function inTurn(
  onFew: Operations,
  onMany: Operations,
  calls: number,
): Promise<{ readonly few: Times; readonly many: Times }> {
  const times = { few: {} as Record<string, number>, many: {} as Record<string, number> };
  for (const [name, run] of Object.entries(onMany.calls)) {
    const sides = [
      { run: onFew.calls[name] ?? run, took: [] as number[] },
      { run, took: [] as number[] },
    ] as const;
    for (let call = 0; call < calls; call++) {
      for (const side of call % 2 === 0 ? sides : sides.toReversed()) side.took.push(await side.run());
    }
    times.few[name] = median(sides[0].took);
    times.many[name] = median(sides[1].took);
  }
  onFew.end();
  onMany.end();
  return times;
}

function ratios(grown: Grown, { id, scenario }: Pick<Row, 'id' | 'scenario'>): Row[] {
  const of = (times: readonly Times[], name: string): number[] => times.map((one) => one[name] ?? Number.NaN);
  return Object.keys(grown.many[0] ?? {}).map((name) => {
    const before = of(grown.few, name);
    const after = of(grown.many, name);
    return {
      ...{ id, scenario, metric: `${name}: p50 ÷ p50`, target: 1.3, fail_above: 2 },
      values: after.map((ms, round) => ms / (before[round] ?? Number.NaN)),
      note: `${median(after).toFixed(2)} ms; few ${median(before).toFixed(2)} ms`,
    };
  });
}

/** A server that was started anew on so many sessions. */
export async function startFilled(
  model: FakeModel,
  { sessions, databaseUrl }: { readonly sessions: number; readonly databaseUrl?: string | undefined },
): Promise<{ subject: Subject; empty_start_ms: number }> {
  const on = databaseUrl === undefined ? {} : { databaseUrl };
  const first = await startPawl(model.url, on);
  await runRound(first, { cases: 1, concurrency: 1 });
  await first.kill('SIGTERM');
  await fillSessions(databaseUrl ?? first.folder, sessions);
  const subject = await startPawl(model.url, { folder: first.folder, ...on });
  return { subject, empty_start_ms: first.start_ms };
}

/** What is done to a server. Each call says what it took, in ms. */
type Operations = { readonly calls: Readonly<Record<string, () => Promise<number>>>; end(): void };

async function operations(subject: Subject): Promise<Operations> {
  const client = createClient(subject);
  const place = await prepare(subject, client);
  const id = await addAlias(client, place);
  // Those that were filled in are the oldest, and all of one agent; what rounds make comes after them.
  const [stored] = (await client.json('GET', '/v1/sessions?limit=1&order=asc'))['data'] as Listed[];
  const ofAgent = `/v1/sessions?agent_id=${stored?.agent.id}`;
  const body = { agent: place.agent, environment_id: place.environment };
  const byAlias = { ...body, agent: `${id}@${alias}` };
  const conversation = await open(subject, client, place);
  let ticket = 1_000_000;
  const get = (path: string) => () => lasted(() => client.json('GET', path));
  const create = (session: object) => () => lasted(() => client.json('POST', '/v1/sessions', session));
  return {
    calls: {
      create: create(body),
      'create by alias': create(byAlias),
      'list 20': get('/v1/sessions'),
      'list of an agent': get(ofAgent),
      'list of a version': get(`${ofAgent}&agent_version=1`),
      'list of a version, archived too': get(`${ofAgent}&agent_version=1&include_archived=true`),
      'list of running ones': get(`${ofAgent}&statuses[]=running`),
      get: get(`/v1/sessions/${stored?.id}`),
      'send a message': async () => (await conversation.say(ticket++)).accepted,
      turn: () => lasted(() => runCase(subject, client, place, ticket++)),
    },
    end() {
      conversation.close();
      client.close();
    },
  };
}

type Listed = { readonly id: string; readonly agent: { readonly id: string } };

/** Gives the agent of a place an alias for its version, and returns the agent's id. */
async function addAlias(client: Client, { agent }: Place): Promise<string> {
  const { id } = agent as { id: string };
  await client.json('POST', `/pawl/v1/agents/${id}/aliases/${alias}`, { version: 1, from: null });
  return id;
}

async function lasted(run: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await run();
  return performance.now() - began;
}
