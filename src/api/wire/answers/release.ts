import { z } from 'zod';
import type { AuditActor, AuditHead } from '../../../core/audit-entry.ts';
import { jobStatuses, verdicts } from '../../../core/evaluation.ts';
import {
  type AliasHold,
  type AliasPolicy,
  moveKinds,
  promotionStatuses,
  reviewDecisions,
  runningModes,
} from '../../../core/release.ts';
import { roles } from '../../../core/roles.ts';
import { sessionStatuses } from '../../../core/session.ts';
import type { AliasRollout, MoveEvidence } from '../../../release/alias.ts';
import type { Blocker, Evidence, Override, Review } from '../../../release/promotion.ts';
import type { PromotionBasis } from '../../../release/promotion-basis.ts';
import type {
  AliasMoveResponse,
  AliasResponse,
  ReleaseSettingsResponse,
  RollbackResponse,
} from '../../aliases.ts';
import type { AuditCheckResponse, AuditEntryResponse } from '../../audit.ts';
import type { PromotionListed, PromotionResponse } from '../../promotions.ts';
import { count, describes, json, listOf, text, time } from './fields.ts';

export const actor = describes<AuditActor>()(
  z.object({
    key_id: text
      .nullable()
      .describe('`apikey_…`; null for the server itself, and where no keys are asked for.'),
    name: text.describe('The name of the key at that moment.'),
    role: z.enum(roles).describe('The role of the key at that moment.'),
  }),
).meta({ id: 'Actor', description: 'Who did something: a key as it was at that moment.' });

const agentId = text.describe('`agent_…`');
const aliasName = text.describe('The name of the alias.');

const hold = describes<AliasHold>()(
  z.object({
    since: time.describe('When it was rolled back.'),
    by: text.describe('Who rolled it back.'),
    reason: text.describe('Why, or what the server says about it.'),
  }),
);

const policy = describes<AliasPolicy>()(
  z.object({
    protected: z.boolean().describe('Whether, once set, it moves by promotion and rollback alone.'),
    approvals: count.describe('How many people other than the author have to approve a promotion.'),
    eval: text
      .nullable()
      .describe('The eval that has to pass, `eval_…`; null leaves the choice to whoever asks.'),
  }),
).meta({ id: 'AliasPolicy', description: 'What an alias asks of whoever moves it.' });

const aliasRollout = describes<AliasRollout>()(
  z.object({
    id: text.describe('`roll_…`'),
    version: count.describe('The candidate.'),
    weight: z.number().min(0).max(100).describe('How much of the traffic gets it, in percent.'),
  }),
);

export const alias = describes<AliasResponse>()(
  z.object({
    type: z.literal('alias'),
    agent_id: agentId,
    name: text.describe('What stands behind the `@`.'),
    version: count.nullable().describe('What it stands for; null for nothing.'),
    move: count.describe('The number of its last move; 0 before the first.'),
    hold: hold
      .nullable()
      .describe('Why it does not move on before a releaser lets it go; null while it does.'),
    policy: policy.describe('What it asks of whoever moves it.'),
    rollout: aliasRollout
      .nullable()
      .describe('The rollout that gives part of its traffic to a candidate; null when none is under way.'),
    created_at: time.describe('When it was made.'),
    updated_at: time.describe('When it last changed.'),
  }),
).meta({ id: 'Alias', description: 'A name for a version of an agent that can be moved to another one.' });

const moveEvidence = describes<MoveEvidence>()(
  z.object({
    promotion_id: text.describe('`promo_…`'),
    comparison_id: text.nullable().describe('`cmp_…`; null when nothing was measured.'),
    verdict: text.nullable().describe("The gate's answer; null when there was none."),
    overridden: z.boolean().describe('Whether somebody let it pass against its evidence.'),
    approved_by: listOf(text).describe('The names of those who approved it.'),
  }),
);

export const aliasMove = describes<AliasMoveResponse>()(
  z.object({
    type: z.literal('alias_move'),
    move: count.describe('Numbered from 1, without gaps.'),
    kind: z.enum(moveKinds).describe('What moved it.'),
    from_version: count.nullable().describe('What it stood for; null for nothing.'),
    to_version: count.nullable().describe('What it stood for afterwards; null for nothing.'),
    actor: actor.describe('Who moved it.'),
    reason: text.nullable().describe('Why; null when nobody said.'),
    evidence: moveEvidence.nullable().describe('What a promotion stood on; null for any other move.'),
    created_at: time.describe('When it moved.'),
  }),
).meta({ id: 'AliasMoved', description: "One line of an alias's history. It never changes." });

export const rollback = describes<RollbackResponse>()(
  z.object({
    type: z.literal('rollback'),
    alias: alias.describe('The alias as it is now.'),
    from_version: count.describe('What was taken back.'),
    to_version: count.describe('What it stands for now.'),
    running: z.enum(runningModes).describe('What becomes of sessions that run on the version taken back.'),
    move: count
      .nullable()
      .describe('The move that it made; null when the alias stays, and only a candidate was taken back.'),
    rollout_id: text
      .nullable()
      .describe('The rollout that it has ended, `roll_…`; null when there was none.'),
    sessions: z
      .object({
        data: listOf(
          z.object({
            id: text.describe('`sesn_…`'),
            status: z.enum(sessionStatuses).describe('Where it stood when the alias moved.'),
          }),
        ).describe('The newest of them, at most 100.'),
        has_more: z.boolean().describe('Whether there are more than are listed.'),
      })
      .describe('Open sessions that the alias had given the version taken back.'),
  }),
).meta({ id: 'Rollback', description: 'A rollback that was made.' });

export const settings = describes<ReleaseSettingsResponse>()(
  z.object({
    type: z.literal('release_settings'),
    agent_id: agentId,
    default_alias: text
      .nullable()
      .describe(
        'The alias that decides for sessions that name the agent alone; null gives those the latest version.',
      ),
  }),
).meta({
  id: 'AgentReleaseSettings',
  description: 'What sessions get that name an agent without a version.',
});

const basis = describes<PromotionBasis>()(
  z.object({
    candidate_version: count.describe('The version that is to take the place.'),
    candidate_hash: text.describe('Hash of the part of its configuration that decides behaviour.'),
    baseline_version: count.describe('What the alias stood for.'),
    eval_id: text.describe('`eval_…`'),
    eval_name: text.describe('The name of the eval.'),
    eval_revision: count.describe('The revision of the eval, and with it of the gate and the scorers.'),
    dataset_revision_id: text.describe('`drev_…`'),
    epochs: count.describe('How often each case is asked at least.'),
    round: count.describe('How often it has been put on another basis, counted from 1.'),
  }),
).meta({
  id: 'PromotionBasis',
  description: 'What evidence and approvals hold for. When any of it changes, both are void.',
});

const evidence = describes<Evidence>()(
  z.object({
    comparison_id: text.describe('`cmp_…`'),
    status: z.enum(jobStatuses).describe('Where the comparison stands.'),
    verdict: z.enum(verdicts).nullable().describe("The gate's answer; null until it is completed."),
    error: text.nullable().describe('Why it failed; null when it did not.'),
  }),
);

const override = describes<Override>()(
  z.object({
    by: actor.describe('Who let it pass.'),
    reason: text.describe('Why.'),
    at: time.describe('When.'),
    basis_hash: text.describe('The basis that it holds for.'),
    comparison_id: text.nullable().describe('The evidence that it holds against; null when there was none.'),
  }),
);

const review = describes<Review>()(
  z.object({
    id: text.describe('`rview_…`'),
    decision: z.enum(reviewDecisions).describe('What was decided.'),
    actor: actor.describe('Who said it.'),
    comment: text.nullable().describe('Why; null for an approval without words.'),
    basis_hash: text.describe('The basis that was looked at: the decision counts for that one only.'),
    created_at: time.describe('When it was said.'),
  }),
).meta({ id: 'Review', description: 'What somebody said about a promotion.' });

const blocker = describes<Blocker>()(
  z.object({
    code: z
      .enum([
        ...(['agent_archived', 'alias_held', 'rollout_running'] as const),
        ...(['already_live', 'basis_changed'] as const),
        ...(['evidence_missing', 'evidence_pending', 'evidence_failed'] as const),
        ...(['gate_failed', 'gate_inconclusive', 'gate_error', 'approvals_missing'] as const),
      ])
      .describe('What is missing, for programs.'),
    text: text.describe('The same, for people.'),
  }),
);

const listedShape = {
  type: z.literal('promotion'),
  id: text.describe('`promo_…`'),
  agent_id: agentId,
  alias: aliasName,
  candidate_version: count.describe('The version that the alias is to stand for.'),
  status: z.enum(promotionStatuses).describe('Where it stands.'),
  author: actor.describe('Who asked for it.'),
  reason: text.nullable().describe('Why; null when nobody said.'),
  basis: basis.describe('What evidence and approvals hold for.'),
  basis_hash: text.describe('Its hash, which reviews name.'),
  evidence: evidence
    .nullable()
    .describe('What the gate says; null when no comparison fits the basis, and none was begun.'),
  override: override.nullable().describe('Who let it pass against its evidence; null when nobody did.'),
  move: count.nullable().describe('The move of the alias that carried it out; null before.'),
  rollout_id: text.nullable().describe('The rollout that is carrying it out; null when none is.'),
  created_at: time.describe('When it was asked for.'),
  updated_at: time.describe('When it last changed.'),
  ended_at: time.nullable().describe('When it was over; null while it is open.'),
};

export const listedPromotion = describes<PromotionListed>()(z.object(listedShape)).meta({
  id: 'ListedPromotion',
  description: 'A promotion without what was said about it, and without what it lacks.',
});

export const promotion = describes<PromotionResponse>()(
  z.object({
    ...listedShape,
    reviews: listOf(review).describe('What was said about it, in order.'),
    approvals: z
      .object({
        needed: count.describe('How many the alias asks for.'),
        given_by: listOf(text).describe('Those whose last decision on this basis is to approve.'),
      })
      .describe('How many have approved it, and who.'),
    blockers: listOf(blocker).describe(
      'What has to change before it can be applied; empty when nothing does, or when it is over.',
    ),
  }),
).meta({ id: 'Promotion', description: 'A request to move an alias to a candidate, and its life.' });

export const auditEntry = describes<AuditEntryResponse>()(
  z.object({
    type: z.literal('audit_entry'),
    id: text.describe('`aud_…`'),
    seq: count.describe('From 1, without gaps.'),
    at: time.describe('When it was written; never earlier than the entry before.'),
    action: text.describe('Noun and verb, such as `alias.set`.'),
    outcome: z.enum(['done', 'refused']).describe('Whether it was done, or only tried.'),
    actor: actor.describe('Who did it.'),
    subject: z
      .object({
        type: text.describe('What kind of thing it is.'),
        id: text.describe('Which one, such as `agent_…@production`.'),
      })
      .describe('What was acted on.'),
    reason: text
      .nullable()
      .describe('In the words of whoever did it, or of the server that refused; null when nobody said.'),
    before: json.describe('What the change replaced; null where there was nothing.'),
    after: json.describe('What it put there; null where nothing changed.'),
    previous_hash: text.nullable().describe('The `hash` of the entry before; null for the first.'),
    hash: text.describe('SHA-256 of the canonical JSON of all other fields but `type`.'),
  }),
).meta({ id: 'AuditEntry', description: 'One change, or one attempt that was refused.' });

const auditHead = describes<AuditHead>()(
  z.object({
    seq: count.describe('Its number; 0 before there is one.'),
    hash: text.nullable().describe('Its hash; null before there is one.'),
    at: time.nullable().describe('When it was written; null before there is one.'),
  }),
);

export const auditCheck = describes<AuditCheckResponse>()(
  z.object({
    type: z.literal('audit_check'),
    ok: z.boolean().describe('Whether the whole log is as it was written.'),
    entries: count.describe('Entries that were read and are in order.'),
    head: auditHead.describe(
      'The last of those. Kept elsewhere, its hash shows later that nothing up to it was rewritten.',
    ),
    broken: z
      .object({
        seq: count.describe('The number of the entry.'),
        problem: text.describe('What is wrong with it.'),
      })
      .nullable()
      .describe('The first thing that is wrong; null when nothing is.'),
  }),
).meta({ id: 'AuditCheck', description: 'What reading the whole audit log came to.' });
