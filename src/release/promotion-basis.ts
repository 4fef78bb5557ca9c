import { contentHash } from '../core/canonical.ts';
import { PawlError } from '../core/errors.ts';
import { usualEpochs } from '../core/evaluation.ts';
import { findNamedDataset, findRevision } from '../eval/dataset/revision.ts';
import type { EvalDefinition } from '../eval/definition.ts';
import { requireEval } from '../eval/evals.ts';
import { findVersion } from '../store/agents.ts';
import { findAlias } from '../store/aliases.ts';
import type { FittingRuns } from '../store/comparisons.ts';
import type { Handle } from '../store/dialect.ts';
import { findEvalRevision } from '../store/evals.ts';
import { type AliasKey, noAlias } from './alias.ts';

/** What a promotion's evidence and approvals hold for. When any of it changes, both are void. */
export type PromotionBasis = {
  readonly candidate_version: number;
  /** Hash of the part of the candidate's configuration that decides behaviour. */
  readonly candidate_hash: string;
  /** What the alias stood for. */
  readonly baseline_version: number;
  readonly eval_id: string;
  readonly eval_name: string;
  /** The revision of the eval, and with it of the gate and the scorers. */
  readonly eval_revision: number;
  readonly dataset_revision_id: string;
  /** How often each case is asked at least. */
  readonly epochs: number;
  /** How often the promotion has been put on another basis: one that comes back is not the one that was approved. */
  readonly round: number;
};

/** What a basis is made of. */
export type BasisQuestion = AliasKey & {
  readonly candidate_version: number;
  readonly eval: string;
  readonly round: number;
};

/** The hash that reviews name. */
export function basisHash(basis: PromotionBasis): string {
  return contentHash(basis);
}

/**
 * What a promotion stands on at this moment.
 * @throws PawlError `alias_not_found`, `version_not_found`, `eval_not_found`, `dataset_not_found`,
 *   `dataset_revision_not_found`, and `invalid_request` when the eval runs elsewhere.
 */
export async function readBasis(db: Handle, question: BasisQuestion): Promise<PromotionBasis> {
  const { agent_id, candidate_version } = question;
  const alias = await findAlias(db, question);
  if (alias === null || alias.version === null) throw noAlias(question);
  const candidate = await findVersion(db, agent_id, candidate_version);
  if (candidate === null) {
    throw new PawlError('version_not_found', `agent ${agent_id} has no version ${candidate_version}`);
  }
  const { id, name, revision, definition } = await readEval(db, question.eval);
  if (definition.endpoint !== null) {
    const message = `eval: ${name} runs at the endpoint ${definition.endpoint}, which says nothing about the versions of this server`;
    throw new PawlError('invalid_request', message);
  }
  const dataset = await findNamedDataset(db, definition.dataset.name);
  if (dataset.archived_at !== null) {
    throw new PawlError('dataset_archived', `dataset ${dataset.name} is archived and gives no more evidence`);
  }
  const cases = await findRevision(db, dataset, definition.dataset.revision);
  return {
    candidate_version,
    candidate_hash: candidate.effective_hash,
    baseline_version: alias.version,
    ...{ eval_id: id, eval_name: name, eval_revision: revision },
    dataset_revision_id: cases.id,
    epochs: definition.epochs ?? usualEpochs(cases.cases),
    round: question.round,
  };
}

/** What became of a basis, in words: one for each thing that is another now. */
export function basisChanges(then: PromotionBasis, now: PromotionBasis): string[] {
  const differs = (key: keyof PromotionBasis): boolean => then[key] !== now[key];
  const changes: string[] = [];
  if (differs('baseline_version')) {
    changes.push(`the alias stands for version ${now.baseline_version}, not ${then.baseline_version}`);
  }
  if (differs('candidate_version')) changes.push(`the candidate is version ${now.candidate_version}`);
  if (differs('eval_id')) changes.push(`the eval is ${now.eval_name}, not ${then.eval_name}`);
  else if (differs('eval_revision'))
    changes.push(`eval ${now.eval_name} has revision ${now.eval_revision} now`);
  if (differs('dataset_revision_id')) changes.push(`the dataset has revision ${now.dataset_revision_id} now`);
  return changes;
}

/** The runs that a comparison has to be of, for it to be evidence on this basis. */
export function fittingRuns(agent_id: string, basis: PromotionBasis): FittingRuns {
  const { candidate_hash: _hash, eval_name: _name, round: _round, ...rest } = basis;
  return { agent_id, ...rest };
}

async function readEval(db: Handle, idOrName: string) {
  const row = await requireEval(db, idOrName);
  const revision = await findEvalRevision(db, row.id, row.latest_revision);
  if (revision === null) throw new Error(`Eval ${row.id} lacks its revision ${row.latest_revision}`);
  if (row.archived_at !== null) {
    throw new PawlError('eval_archived', `eval ${row.name} is archived and gives no more evidence`);
  }
  const definition = JSON.parse(revision.definition) as EvalDefinition;
  return { id: row.id, name: row.name, revision: row.latest_revision, definition };
}
