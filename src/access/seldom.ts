import type { Clock } from '../core/clock.ts';

const againUs = 3_600_000_000;
const maxKept = 1000;

/** Says yes to a key so many times an hour: somebody who keeps trying does not fill what is written down about it. */
export function createSeldom(clock: Clock, times: number): (key: string) => boolean {
  const said = new Map<string, { readonly since: number; times: number }>();
  return (key) => {
    const now = clock.now();
    let last = said.get(key);
    if (last === undefined || now - last.since > againUs) {
      if (said.size >= maxKept) said.clear();
      last = { since: now, times: 0 };
      said.set(key, last);
    }
    return last.times++ < times;
  };
}
