import type { Actor } from '../access/keys.ts';
import type { AuditActor } from '../core/audit-entry.ts';
import { PawlError } from '../core/errors.ts';
import { listAuthors } from '../store/agents.ts';
import type { Handle } from '../store/dialect.ts';
import type { PromotionRow } from '../store/promotions.ts';
import { isNamed, isSamePerson } from './promotion.ts';
import type { PromotionBasis } from './promotion-basis.ts';

/** Somebody who neither asked for a promotion nor wrote its version. @throws PawlError `own_promotion` */
export async function requireDecider(tx: Handle, row: PromotionRow, by: Actor): Promise<void> {
  const { candidate_hash } = JSON.parse(row.basis) as PromotionBasis;
  // A version that differs in its description alone has the prompt of whoever wrote the one before.
  const writers = await listAuthors(tx, row.agent_id, candidate_hash);
  const author = JSON.parse(row.author) as AuditActor;
  const what = isSamePerson(by, author)
    ? 'asked for this promotion'
    : writers.some((writer) => isNamed(by, writer))
      ? `wrote what version ${row.candidate_version} is`
      : null;
  if (what === null) return;
  throw new PawlError('own_promotion', `${by.name} ${what}, and somebody else has to decide on it`);
}
