import type { Taken } from './origin.ts';

/** Counts what becomes a case, and what does not and why. */
export function createTaking() {
  const leftOut = new Map<string, number>();
  let taken = 0;
  return {
    take(): void {
      taken++;
    },
    leave(reason: string): void {
      leftOut.set(reason, (leftOut.get(reason) ?? 0) + 1);
    },
    get taken(): number {
      return taken;
    },
    result: (): Taken => ({ taken, left_out: Object.fromEntries(leftOut) }),
  };
}

export type Taking = ReturnType<typeof createTaking>;
