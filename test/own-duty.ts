import type { Duty } from '../src/queue/duties.ts';

/** A duty of a process that is alone: it is always ours. */
export function ownDuty(): Duty {
  let rouse = (): void => {};
  return {
    isMine: () => true,
    wake: () => rouse(),
    onWake(wake) {
      rouse = wake;
    },
  };
}
