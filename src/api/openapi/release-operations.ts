import { pageOf } from '../wire/answers/fields.ts';
import {
  alias,
  aliasMove,
  auditCheck,
  auditEntry,
  listedPromotion,
  promotion,
  rollback,
  settings,
} from '../wire/answers/release.ts';
import { json, type Operations, textOf } from './operation.ts';

const aliasOperations: Operations = {
  list_aliases: {
    route: 'GET /pawl/v1/agents/:id/aliases',
    tag: 'Aliases',
    summary: 'Lists all aliases of an agent, by name.',
    answer: json(pageOf(alias)),
    errors: ['agent_not_found'],
  },
  retrieve_alias: {
    route: 'GET /pawl/v1/agents/:id/aliases/:alias',
    tag: 'Aliases',
    summary: 'Gives an alias with the version that it stands for.',
    answer: json(alias),
    errors: ['agent_not_found', 'alias_not_found'],
  },
  list_alias_moves: {
    route: 'GET /pawl/v1/agents/:id/aliases/:alias/moves',
    tag: 'Aliases',
    summary: 'Lists the moves of an alias, the newest first.',
    answer: json(pageOf(aliasMove)),
    errors: ['agent_not_found', 'alias_not_found'],
  },
  set_alias: {
    route: 'POST /pawl/v1/agents/:id/aliases/:alias',
    tag: 'Aliases',
    summary: 'Lets an alias stand for a version, or for none.',
    description:
      'Makes the alias if there is none of this name. A protected one is set once, by a releaser; from then on it moves by promotion and rollback.',
    answer: json(alias),
    errors: [
      ...(['agent_not_found', 'agent_archived', 'version_not_found'] as const),
      ...(['alias_moved', 'alias_held', 'rollout_running', 'alias_protected'] as const),
    ],
  },
  roll_back_alias: {
    route: 'POST /pawl/v1/agents/:id/aliases/:alias/rollback',
    tag: 'Aliases',
    summary: 'Moves an alias back to a version that was good, and holds it there.',
    description:
      'Needs no gate and no second person. Works on an archived agent as well. While the alias has a rollout, the candidate is taken back, and the alias moves only when another version is named.',
    answer: json(rollback),
    errors: [
      ...(['agent_not_found', 'alias_not_found', 'version_not_found'] as const),
      ...(['alias_moved', 'alias_held', 'never_live'] as const),
    ],
  },
  release_alias: {
    route: 'POST /pawl/v1/agents/:id/aliases/:alias/release',
    tag: 'Aliases',
    summary: 'Lets an alias move on again after a rollback.',
    answer: json(alias),
    errors: ['agent_not_found', 'alias_not_found'],
  },
  change_alias_policy: {
    route: 'POST /pawl/v1/agents/:id/aliases/:alias/policy',
    tag: 'Aliases',
    summary: 'Changes what an alias asks of whoever moves it.',
    description: 'Makes the alias if there is none of this name; it then stands for nothing.',
    answer: json(alias),
    errors: ['agent_not_found', 'eval_not_found'],
  },
  change_release_settings: {
    route: 'POST /pawl/v1/agents/:id/settings',
    tag: 'Aliases',
    summary: 'Says what sessions get that name an agent alone.',
    answer: json(settings),
    errors: ['agent_not_found', 'alias_not_found'],
  },
};

const measured = ['version_not_found', 'eval_not_found', 'eval_archived'] as const;
const basis = [...measured, 'alias_not_found', 'dataset_not_found', 'dataset_revision_not_found'] as const;
const open = ['promotion_not_found', 'promotion_over', 'rollout_running'] as const;

const promotionOperations: Operations = {
  create_promotion: {
    route: 'POST /pawl/v1/promotions',
    tag: 'Promotions',
    summary: 'Asks that an alias be moved to another version.',
    description: 'A comparison that fits is attached as its evidence, or else begun.',
    answer: json(promotion),
    errors: [...basis, 'agent_not_found', 'agent_archived', 'promotion_open', 'model_not_served'],
  },
  list_promotions: {
    route: 'GET /pawl/v1/promotions',
    tag: 'Promotions',
    summary: 'Lists promotions, the newest first.',
    answer: json(pageOf(listedPromotion)),
    errors: [],
  },
  retrieve_promotion: {
    route: 'GET /pawl/v1/promotions/:id',
    tag: 'Promotions',
    summary: 'Gives a promotion with what was said about it, and what it lacks.',
    answer: json(promotion),
    errors: ['promotion_not_found'],
  },
  evaluate_promotion: {
    route: 'POST /pawl/v1/promotions/:id/evaluate',
    tag: 'Promotions',
    summary: 'Puts a promotion on what there is now, and has it measured.',
    description: 'Where anything has changed, approvals and overrides are void.',
    answer: json(promotion),
    errors: [...open, ...basis, 'model_not_served'],
  },
  review_promotion: {
    route: 'POST /pawl/v1/promotions/:id/reviews',
    tag: 'Promotions',
    summary: 'Approves, rejects, overrides or comments on a promotion.',
    answer: json(promotion),
    errors: [...open, 'own_promotion', 'stale_review', 'promotion_blocked'],
  },
  withdraw_promotion: {
    route: 'POST /pawl/v1/promotions/:id/withdraw',
    tag: 'Promotions',
    summary: 'Takes a promotion back; its author can, and an admin.',
    answer: json(promotion),
    errors: open,
  },
  apply_promotion: {
    route: 'POST /pawl/v1/promotions/:id/apply',
    tag: 'Promotions',
    summary: 'Moves the alias, if nothing stands in the way at this very moment.',
    answer: json(promotion),
    errors: [...open, 'promotion_blocked'],
  },
};

const auditOperations: Operations = {
  list_audit: {
    route: 'GET /pawl/v1/audit',
    tag: 'Audit',
    summary: 'Lists the entries of the audit log, the newest first.',
    answer: json(pageOf(auditEntry)),
    errors: [],
  },
  export_audit: {
    route: 'GET /pawl/v1/audit/export',
    tag: 'Audit',
    summary: 'Gives the whole audit log as it was hashed, one entry on each line.',
    answer: {
      'application/x-ndjson': textOf(
        'JSON Lines: one `AuditEntry` without `type` on each line, from the first on.',
      ),
    },
    errors: [],
  },
  verify_audit: {
    route: 'GET /pawl/v1/audit/verify',
    tag: 'Audit',
    summary: 'Reads the whole audit log and says whether it is as it was written.',
    answer: json(auditCheck),
    errors: [],
  },
};

/** Which version users get, how that changes, and what is remembered of it. */
export const releaseOperations: Operations = {
  ...aliasOperations,
  ...promotionOperations,
  ...auditOperations,
};
