import { createRandom, randomBelow, randomShare } from '../src/stats/random.ts';
import { type CaseTimes, createClient, prepare, runCase } from './client.ts';
import type { FakeModel } from './fake-model.ts';
import type { Subject } from './servers.ts';

/** What a round of cases took on one server. Times in ms. */
export type Round = {
  readonly cases: readonly CaseTimes[];
  /** CPU of the server process, per case. */
  readonly cpu_per_case: number;
  readonly cases_per_second: number;
};

let nextTicket = 1;

/** Runs cases on a server, a number of them at a time, after a few to warm up. Throws on the first wrong answer. */
export async function runRound(
  subject: Subject,
  options: { cases: number; concurrency: number },
): Promise<Round> {
  const client = createClient(subject);
  try {
    const place = await prepare(subject, client);
    const runSome = (count: number): Promise<CaseTimes[]> =>
      sideBySide(count, options.concurrency, () => runCase(subject, client, place, nextTicket++));
    await runSome(Math.max(options.concurrency, Math.ceil(options.cases / 10)));
    const cpuBefore = subject.cpuMs();
    const began = performance.now();
    const cases = await runSome(options.cases);
    const seconds = (performance.now() - began) / 1000;
    return {
      cases,
      cpu_per_case: (subject.cpuMs() - cpuBefore) / cases.length,
      cases_per_second: cases.length / seconds,
    };
  } finally {
    client.close();
  }
}

/** Does a thing `count` times, `width` of them at a time. */
export async function sideBySide<T>(
  count: number,
  width: number,
  run: (index: number) => Promise<T>,
): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      const index = next++;
      results[index] = await run(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, count) }, lane));
  return results;
}

/**
 * What a call costs in each of several ways: the median of many slices of calls. `cpu` tells the processor time so far;
 * the answer is in its unit.
 */
export async function takeTurns<Way extends string>(
  ways: readonly Way[],
  plan: Slices,
  run: (way: Way) => Promise<unknown>,
): Promise<Record<Way, number>> {
  const costs = await takeSlices(ways, plan, run);
  const entries = ways.map((way) => [way, median(costs.map((one) => one[way]))]);
  return Object.fromEntries(entries) as Record<Way, number>;
}

/** How many slices each way gets, of how many calls. */
type Slices = { readonly slices: number; readonly calls: number; readonly cpu: () => number };

/**
 * What a call costs in each of several ways, slice by slice. The ways take turns in slices so short that the machine is
 * the same for all of them; who follows whom is drawn anew each time.
 */
export async function takeSlices<Way extends string>(
  ways: readonly Way[],
  { slices, calls, cpu }: Slices,
  run: (way: Way) => Promise<unknown>,
): Promise<Record<Way, number>[]> {
  const random = createRandom(1);
  const costs: Record<Way, number>[] = [];
  for (let slice = 0; slice < slices; slice++) {
    const drawn = ways.map((way) => ({ way, at: randomShare(random) })).toSorted((a, b) => a.at - b.at);
    const cost = {} as Record<Way, number>;
    for (const { way } of drawn) {
      const before = cpu();
      await run(way);
      cost[way] = (cpu() - before) / calls;
    }
    costs.push(cost);
  }
  return costs;
}

/** What one way costs, as a part of what another does. */
export type Ratio = { readonly value: number; readonly low: number; readonly high: number };

/** The ratio of the middle means of two ways over slices, with a bootstrap interval of 95 % that draws whole turns. */
export function ratioOf<Way extends string>(
  costs: readonly Readonly<Record<Way, number>>[],
  way: Way,
  base: Way,
): Ratio {
  const random = createRandom(1);
  const ratio = (of: typeof costs): number =>
    middleMean(of.map((cost) => cost[way])) / middleMean(of.map((cost) => cost[base]));
  const drawn = Array.from({ length: resamples }, () =>
    ratio(costs.map((cost) => costs[randomBelow(random, costs.length)] ?? cost)),
  );
  return { value: ratio(costs), low: quantile(drawn, 0.025), high: quantile(drawn, 0.975) };
}

const resamples = 1000;

/** How long after the model's last byte each turn was seen to be over, in ms. */
export function endLags(round: Round, model: FakeModel): number[] {
  return round.cases.map((one) => one.ended_at - (model.finished.get(one.ticket) ?? Number.NaN));
}

/** The value below which `share` of the values lie. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** The mean without the highest fifth and the lowest: steadier than the median where slices differ, and as deaf to outliers. */
export function middleMean(values: readonly number[]): number {
  const cut = Math.floor(values.length / 5);
  const middle = values.toSorted((a, b) => a - b).slice(cut, values.length - cut);
  return middle.reduce((sum, value) => sum + value, 0) / middle.length;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);
