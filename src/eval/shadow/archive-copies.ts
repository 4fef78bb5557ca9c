import { PawlError } from '../../core/errors.ts';
import type { Sessions } from '../../session/sessions.ts';
import type { Store } from '../../store/dialect.ts';
import { finishShadow } from '../../store/shadows.ts';
import { readPairs } from './shadow-cases.ts';

type Deps = { readonly store: Store; readonly sessions: Pick<Sessions, 'archive'> };

/**
 * Archives the copies of a shadow that is over, one after the other; what they hold can still be read and compared. False
 * when some are left, because a turn of theirs is under way or the signal came first.
 */
export async function archiveCopies(
  { store, sessions }: Deps,
  shadowId: string,
  signal: AbortSignal,
): Promise<boolean> {
  let isLeft = false;
  for await (const { shadow_session_id } of readPairs(store, shadowId)) {
    if (signal.aborted) return false;
    if (shadow_session_id === null) continue;
    const outcome = await sessions.archive(shadow_session_id).catch((error: unknown) => error);
    if (!(outcome instanceof Error)) continue;
    const code = outcome instanceof PawlError ? outcome.code : null;
    if (code === 'session_running') isLeft = true;
    else if (code !== 'session_not_found') throw outcome;
  }
  if (!isLeft) await store.write((tx) => finishShadow(tx, shadowId));
  return !isLeft;
}
