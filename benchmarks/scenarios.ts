import { setTimeout as wait } from 'node:timers/promises';
import { createClient, prepare } from './client.ts';
import { type FakeModel, now } from './fake-model.ts';
import { endLags, median, quantile, type Round, runRound, sideBySide } from './measure.ts';
import type { Row } from './report.ts';
import { startFloor, startPawl } from './servers.ts';

type Pair = { readonly floor: Round; readonly pawl: Round };

/** Does rounds on the floor and on Pawl in turn, each time on fresh servers that are warm. */
async function pairs(
  model: FakeModel,
  rounds: number,
  load: { cases: number; concurrency: number },
  path = '',
): Promise<Pair[]> {
  const floor = await startFloor(model.url + path);
  const pawl = await startPawl(model.url + path);
  try {
    const done: Pair[] = [];
    for (let round = 0; round < rounds; round++) {
      done.push({ floor: await runRound(floor, load), pawl: await runRound(pawl, load) });
    }
    return done;
  } finally {
    await floor.dispose();
    await pawl.dispose();
  }
}

const totals = (round: Round): number[] => round.cases.map((one) => one.total);
const ttfts = (round: Round): number[] => round.cases.map((one) => one.ttft);
const figure = (value: number): string => value.toFixed(2);

/** P1 and P3: create and one turn, durable, a model that answers at once. */
export async function throughput(model: FakeModel, rounds: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (const concurrency of [16, 64]) {
    const done = await pairs(model, rounds, { cases: 1000, concurrency });
    const scenario = `create and turn, model 0 ms, ${concurrency} at a time`;
    rows.push(
      {
        ...{ id: 'P1', scenario, metric: 'CPU per case, ms', target: 2, fail_above: 4, note: '' },
        values: done.map(({ pawl }) => pawl.cpu_per_case),
      },
      {
        ...{ id: 'P1', scenario, metric: 'CPU per case ÷ floor', target: 6, fail_above: 8 },
        values: done.map(({ floor, pawl }) => pawl.cpu_per_case / floor.cpu_per_case),
        note: `floor ${figure(median(done.map(({ floor }) => floor.cpu_per_case)))} ms`,
      },
    );
    if (concurrency !== 64) continue;
    rows.push({
      id: 'P3',
      scenario,
      metric: 'floor cases/s ÷ ours',
      values: done.map(({ floor, pawl }) => floor.cases_per_second / pawl.cases_per_second),
      target: 5,
      fail_above: 8,
      note: `${figure(median(done.map(({ pawl }) => pawl.cases_per_second)))} cases/s`,
    });
  }
  return rows;
}

/** P2, P5 and P6 at one case at a time. */
export async function latency(model: FakeModel, rounds: number): Promise<Row[]> {
  const done = await pairs(model, rounds, { cases: 200, concurrency: 1 });
  const scenario = 'create and turn, model 0 ms, 1 at a time';
  return [
    {
      id: 'P2',
      scenario,
      metric: 'p50 ÷ floor',
      values: done.map(({ floor, pawl }) => median(totals(pawl)) / median(totals(floor))),
      target: 2,
      fail_above: 4,
      note: `${figure(median(done.map(({ pawl }) => median(totals(pawl)))))} ms; floor ${figure(median(done.map(({ floor }) => median(totals(floor)))))} ms`,
    },
    {
      id: 'P5',
      scenario,
      metric: 'send to first text, p50 ms',
      values: done.map(({ pawl }) => median(ttfts(pawl))),
      target: 5,
      fail_above: 10,
      note: 'the text comes with the end of the reply, since nobody asks for previews',
    },
    {
      id: 'P6',
      scenario,
      metric: "model's last byte to idle event, p50 ms",
      values: done.map(({ pawl }) => median(endLags(pawl, model))),
      target: 5,
      fail_above: 20,
      note: `p99 ${figure(
        quantile(
          done.flatMap(({ pawl }) => endLags(pawl, model)),
          0.99,
        ),
      )} ms`,
    },
  ];
}

/** P4 and P5 with a model that takes half a second and 64 cases at a time. */
export async function slowModel(model: FakeModel, rounds: number): Promise<Row[]> {
  const done = await pairs(model, rounds, { cases: 512, concurrency: 64 }, '/l/500');
  const scenario = 'create and turn, model 500 ms, 64 at a time';
  return [
    {
      id: 'P4',
      scenario,
      metric: '128 cases/s ÷ ours',
      values: done.map(({ pawl }) => 128 / pawl.cases_per_second),
      target: 1 / 0.75,
      fail_above: 1 / 0.6,
      note: `${figure(median(done.map(({ pawl }) => pawl.cases_per_second)))} cases/s`,
    },
    {
      id: 'P5',
      scenario,
      metric: 'send to first text, less the 500 ms, p50 ms',
      values: done.map(({ pawl }) => median(ttfts(pawl)) - 500),
      target: 90,
      fail_above: 180,
      note: '',
    },
  ];
}

/** P9: kill the server under load, start it again, and look for everything that it had acknowledged. */
export async function killed(model: FakeModel, rounds: number): Promise<Row[]> {
  const lost: number[] = [];
  let checked = 0;
  for (let round = 0; round < rounds; round++) {
    const subject = await startPawl(model.url);
    const client = createClient(subject);
    const place = await prepare(subject, client);
    const acknowledged: { id: string; event: string }[] = [];
    const load = sideBySide(100_000, 32, async () => {
      const session = await client.json('POST', '/v1/sessions', {
        agent: place.agent,
        environment_id: place.environment,
      });
      const events = [{ type: 'user.message', content: [{ type: 'text', text: 'ticket 1' }] }];
      const sent = await client.json('POST', `/v1/sessions/${session['id']}/events`, { events });
      acknowledged.push({
        id: String(session['id']),
        event: (sent['data'] as { id: string }[])[0]?.id ?? '',
      });
    }).catch(() => {});
    await wait(1500);
    await subject.kill('SIGKILL');
    await load;
    client.close();
    const again = await startPawl(model.url, { folder: subject.folder });
    const reader = createClient(again);
    let missing = 0;
    for (const { id, event } of acknowledged) {
      const page = await reader.json('GET', `/v1/sessions/${id}/events`).catch(() => ({ data: [] }));
      if (!(page['data'] as { id: string }[]).some((one) => one.id === event)) missing++;
    }
    lost.push(missing);
    checked += acknowledged.length;
    reader.close();
    await again.dispose();
  }
  return [
    {
      id: 'P9',
      scenario: 'SIGKILL under load, restart',
      metric: 'acknowledged sessions and events lost',
      values: lost,
      target: 0,
      fail_above: 0,
      note: `${checked} acknowledged`,
    },
  ];
}

/** P11: what the server costs when it does nothing, and after it has done something. */
export async function footprint(model: FakeModel, rounds: number): Promise<Row[]> {
  const found = { start: [] as number[], idle: [] as number[], after: [] as number[], quiet: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    const subject = await startPawl(model.url);
    found.start.push(subject.start_ms);
    found.idle.push(subject.rssMb());
    await runRound(subject, { cases: 1000, concurrency: 16 });
    found.after.push(subject.rssMb());
    await wait(500);
    const [cpu, began] = [subject.cpuMs(), now()];
    await wait(5000);
    found.quiet.push(((subject.cpuMs() - cpu) / (now() - began)) * 100);
    await subject.dispose();
  }
  const row = (metric: string, values: number[], target: number): Row => ({
    id: 'P11',
    scenario: 'one process on SQLite',
    metric,
    values,
    target,
    fail_above: target * 2,
    note: '',
  });
  return [
    row('start to first answer, ms', found.start, 1000),
    row('resident when idle, MB', found.idle, 110),
    row('resident after 1,000 sessions, MB', found.after, 150),
    row('CPU when idle, %', found.quiet, 0.5),
  ];
}
