import { PawlError } from '../core/errors.ts';
import type { Comparisons } from '../eval/comparisons.ts';
import {
  type ComparisonRow,
  findComparison,
  findFittingComparison,
  findVerdictWord,
} from '../store/comparisons.ts';
import type { Handle } from '../store/dialect.ts';
import type { Evidence } from './promotion.ts';
import { fittingRuns, type PromotionBasis } from './promotion-basis.ts';

/** Finds what the gate says about a promotion, or has it measured. */
export function createEvidence(comparisons: Comparisons) {
  return {
    /**
     * The newest comparison on this basis, unless that came to no verdict worth the name; or the named one, if it is on
     * this basis. Null when there is none.
     */
    async find(
      db: Handle,
      agentId: string,
      basis: PromotionBasis,
      id?: string,
    ): Promise<ComparisonRow | null> {
      const found = await findFittingComparison(db, fittingRuns(agentId, basis), id);
      if (found === null || id !== undefined) return found;
      return (await findVerdictWord(db, found.id)) === 'error' ? null : found;
    },

    /** Measures the candidate against the baseline, and gives the id of the comparison. What was paid for is reused. */
    async begin(agent_id: string, basis: PromotionBasis): Promise<string> {
      const { id } = await comparisons.create({
        ...{ eval: basis.eval_id, eval_revision: basis.eval_revision, agent_id },
        ...{ candidate_version: basis.candidate_version, baseline_version: basis.baseline_version },
        dataset_revision: basis.dataset_revision_id,
      });
      return id;
    },

    async read(db: Handle, id: string): Promise<Evidence> {
      const row = await findComparison(db, id);
      if (row === null) throw new Error(`Comparison ${id} is gone, and a promotion stands on it`);
      const { status, error } = row;
      return { comparison_id: id, status, verdict: await findVerdictWord(db, id), error };
    },

    /** The error that says why a comparison is no evidence. */
    misfit(id: string, basis: PromotionBasis): PawlError {
      const { candidate_version, baseline_version, eval_name, eval_revision, dataset_revision_id, epochs } =
        basis;
      return new PawlError(
        'invalid_request',
        `comparison: ${id.slice(0, 100)} is no evidence here; it has to set version ${candidate_version} against version ${baseline_version} by revision ${eval_revision} of eval ${eval_name}, on dataset revision ${dataset_revision_id}, in at least ${epochs} epochs, on this server, and must not have failed`,
      );
    },
  };
}

export type EvidenceRoom = ReturnType<typeof createEvidence>;
