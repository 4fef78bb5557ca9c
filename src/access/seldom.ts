import type { Clock } from '../core/clock.ts';

const againUs = 3_600_000_000;
const maxKept = 1000;

/** Says yes to a key once an hour, so that somebody who keeps trying does not fill what is written down about it. */
export function createSeldom(clock: Clock): (key: string) => boolean {
  const said = new Map<string, number>();
  return (key) => {
    const now = clock.now();
    const last = said.get(key);
    if (last !== undefined && now - last <= againUs) return false;
    if (said.size >= maxKept) said.clear();
    said.set(key, now);
    return true;
  };
}
