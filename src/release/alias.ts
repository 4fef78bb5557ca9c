import { percent } from '../core/assignment.ts';
import type { AuditActor, AuditSubject } from '../core/audit-entry.ts';
import { PawlError } from '../core/errors.ts';
import type { AliasHold, AliasPolicy, MoveKind } from '../core/release.ts';
import type { AliasRow, MoveRow } from '../store/aliases.ts';
import type { AliasState } from './alias-rules.ts';

/** The rollout that an alias has, as far as who asks for a version is concerned. */
export type AliasRollout = {
  readonly id: string;
  /** The candidate. */
  readonly version: number;
  /** How much of the traffic gets it, in percent. */
  readonly weight: number;
};

/** A named, movable pointer to a version of an agent. */
export type Alias = AliasState & {
  readonly agent_id: string;
  /** The number of its last move; 0 before the first. */
  readonly move: number;
  readonly rollout: AliasRollout | null;
  readonly created_at: string;
  readonly updated_at: string;
};

/** Which alias of which agent. */
export type AliasKey = { readonly agent_id: string; readonly name: string };

/** What a move stood on. */
export type MoveEvidence = {
  readonly promotion_id: string;
  readonly comparison_id: string | null;
  readonly verdict: string | null;
  /** Whether somebody let it pass against its evidence. */
  readonly overridden: boolean;
  readonly approved_by: readonly string[];
};

/** One line of an alias's history. */
export type AliasMove = {
  readonly move: number;
  readonly kind: MoveKind;
  readonly from_version: number | null;
  readonly to_version: number | null;
  readonly actor: AuditActor;
  readonly reason: string | null;
  readonly evidence: MoveEvidence | null;
  readonly created_at: string;
};

/** An alias as the audit log names it. */
export function subjectOf({ agent_id, name }: AliasKey): AuditSubject {
  return { type: 'alias', id: `${agent_id}@${name}` };
}

/** The error that says that an alias stands for nothing. */
export function noAlias({ agent_id, name }: AliasKey): PawlError {
  const message = `agent ${agent_id} has no alias ${name.slice(0, 100)} that stands for a version`;
  return new PawlError('alias_not_found', message);
}

/** An alias as its row has it. */
export function readAlias(row: AliasRow): Alias {
  const { rollout_id, canary_version, canary_weight, canary_salt: _salt, hold, policy, ...rest } = row;
  return {
    ...rest,
    hold: hold === null ? null : (JSON.parse(hold) as AliasHold),
    policy: JSON.parse(policy) as AliasPolicy,
    rollout:
      rollout_id === null || canary_version === null || canary_weight === null
        ? null
        : { id: rollout_id, version: canary_version, weight: percent(canary_weight) },
  };
}

/** A move as its row has it. */
export function readMove(row: MoveRow): AliasMove {
  const { agent_id: _agent, alias: _alias, before: _before, actor, evidence, ...rest } = row;
  return {
    ...rest,
    actor: JSON.parse(actor) as AuditActor,
    evidence: evidence === null ? null : (JSON.parse(evidence) as MoveEvidence),
  };
}
