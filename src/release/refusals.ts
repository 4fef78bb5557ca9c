import type { Audit } from '../access/audit.ts';
import type { AuditFact } from '../core/audit-entry.ts';
import { PawlError } from '../core/errors.ts';

/**
 * Does something that only some may do, or only at times; when it is refused, the attempt is written down. What fails
 * because of the server is no refusal.
 */
export async function orWriteDown<T>(
  audit: Audit,
  attempt: Pick<AuditFact, 'action' | 'actor' | 'subject'>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof PawlError && error.entry.status < 500)
      await audit.refuse({ ...attempt, reason: error.message });
    throw error;
  }
}
