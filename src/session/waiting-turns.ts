import { PawlError } from '../core/errors.ts';

/** How much a worker has to do. `max_waiting` is how many turns may wait for a place before no more are started. */
export type TurnLoad = { readonly waiting: number; readonly max_waiting: number };

/**
 * Asked before a turn is started, and before anything of it is written: a turn that would only wait is better tried
 * again by its caller. What is sent to a session whose turn is under way is taken all the same, since it starts none.
 * @throws PawlError `overloaded`
 */
export function requireRoomForTurn({ waiting, max_waiting }: TurnLoad): void {
  if (waiting < max_waiting) return;
  const message = `${waiting} turns wait for a place, and no more are started until some have got it; try again`;
  throw new PawlError('overloaded', message, { retry_after_s: 1 });
}
