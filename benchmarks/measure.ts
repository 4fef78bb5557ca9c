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
 * What a call costs in each of several ways: the median of many slices of calls. The ways take turns in slices so short
 * that the machine is the same for all of them, and a slice in which it was not is outvoted. `cpu` tells the processor
 * time so far; the answer is in its unit.
 */
export async function takeTurns<Way extends string>(
  ways: readonly Way[],
  { slices, calls, cpu }: { readonly slices: number; readonly calls: number; readonly cpu: () => number },
  run: (way: Way) => Promise<unknown>,
): Promise<Record<Way, number>> {
  const costs = new Map<Way, number[]>(ways.map((way) => [way, []]));
  for (let slice = 0; slice < slices; slice++) {
    // Whoever follows whom is different from slice to slice.
    for (const way of [...ways.slice(slice % ways.length), ...ways.slice(0, slice % ways.length)]) {
      const before = cpu();
      await run(way);
      costs.get(way)?.push((cpu() - before) / calls);
    }
  }
  return Object.fromEntries([...costs].map(([way, all]) => [way, median(all)])) as Record<Way, number>;
}

/** How long after the model's last byte each turn was seen to be over, in ms. */
export function endLags(round: Round, model: FakeModel): number[] {
  return round.cases.map((one) => one.ended_at - (model.finished.get(one.ticket) ?? Number.NaN));
}

/** The value below which `share` of the values lie. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);
