import { setTimeout as pause } from 'node:timers/promises';
import { chanceOf } from './chance.ts';
import type { Fleet } from './traffic.ts';

export type KillsOptions = {
  /** How many processes are killed. */
  readonly kills: number;
  /** How long it takes from one kill to the next, on average and at least. */
  readonly everyMs: number;
  /** Decides who is killed when. */
  readonly seed: number;
};

/** Kills one process after another, any of those that are there, and starts another one each time. */
export async function killAndRestart(fleet: Fleet, { kills, everyMs, seed }: KillsOptions): Promise<void> {
  const chance = chanceOf(seed);
  const starting = new Set<Promise<void>>();
  for (let killed = 0; killed < kills; ) {
    await pause(everyMs * (0.5 + chance()));
    const members = fleet.members();
    const victim = members[Math.floor(chance() * members.length)];
    if (victim !== undefined) {
      await fleet.take(victim, (member) => member.kill());
      const start = fleet
        .add()
        .then(() => {}, fleet.complain)
        .finally(() => starting.delete(start));
      starting.add(start);
      killed++;
    } else if (starting.size === 0) break;
  }
  await Promise.all(starting);
}

/** Ends one process after the other in good order, each replaced by another one beforehand. */
export async function replaceEach(fleet: Fleet): Promise<void> {
  for (const old of fleet.members()) {
    await fleet.add();
    const code = await fleet.take(old, (member) => member.end());
    if (code !== 0) fleet.complain(`a process that was told to end ended with ${code}: ${old.complaints()}`);
  }
}
