import { isInSample } from '../../core/assignment.ts';
import type { ShadowRow } from '../../store/shadows.ts';

/** Whether a shadow takes a session. The same everywhere and for ever: no session is in by chance. */
export function takes({ id, sample }: Pick<ShadowRow, 'id' | 'sample'>, sessionId: string): boolean {
  return isInSample({ salt: id, sample }, sessionId);
}
