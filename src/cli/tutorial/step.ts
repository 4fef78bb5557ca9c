import type { AliasMoveResponse, AliasResponse, RollbackResponse } from '../../api/aliases.ts';
import type { AuditCheckResponse } from '../../api/audit.ts';
import type { ComparisonResponse } from '../../api/comparisons.ts';
import type { EvalRunResponse } from '../../api/eval-runs.ts';
import type { EvalResponse } from '../../api/evals.ts';
import type { PromotionResponse } from '../../api/promotions.ts';
import type { RolloutEventResponse, RolloutResponse } from '../../api/rollouts.ts';
import type { DatasetChangeResponse } from '../../api/wire/datasets.ts';
import type { SessionExtras } from '../../api/wire/sessions.ts';

/** What the story has to tell, step by step; what the server made is in it as the API gives it. */
export type Step =
  | {
      readonly kind: 'created';
      readonly environment_id: string;
      readonly agent_id: string;
      readonly version: number;
      readonly model: string;
      /** Who answers for the model. */
      readonly served_by: SessionExtras['served_by'];
    }
  | { readonly kind: 'loaded'; readonly dataset: DatasetChangeResponse }
  | { readonly kind: 'defined'; readonly eval: EvalResponse; readonly text: string }
  | { readonly kind: 'scored'; readonly run: EvalRunResponse }
  | {
      readonly kind: 'updated';
      readonly version: number;
      /** What its prompt has beyond the one that it is made from. */
      readonly rule: string;
      /** Whether version 1 still has the prompt that it was made with. */
      readonly first_unchanged: boolean;
    }
  | { readonly kind: 'served'; readonly alias: AliasResponse; readonly session_version: number }
  | {
      readonly kind: 'asked';
      readonly promotion: PromotionResponse;
      readonly comparison: ComparisonResponse;
      /** What the server says to whoever applies it all the same; null when the gate passes. */
      readonly refusal: string | null;
    }
  | {
      readonly kind: 'overridden';
      readonly promotion: PromotionResponse;
      readonly session_version: number;
    }
  | {
      readonly kind: 'rolled_back';
      readonly rollback: RollbackResponse;
      readonly session_version: number;
      /** The version that is served again, against what it scored at first. */
      readonly comparison: ComparisonResponse;
    }
  | {
      readonly kind: 'approved';
      readonly promotion: PromotionResponse;
      /** What the server says to its author, who would approve it; null when nobody tried. */
      readonly refusal: string | null;
    }
  | { readonly kind: 'applied'; readonly promotion: PromotionResponse; readonly session_version: number }
  | {
      readonly kind: 'canary_started';
      readonly rollout: RolloutResponse;
      /** How many different tickets the customers write. */
      readonly tickets: number;
    }
  | {
      readonly kind: 'canary_changed';
      readonly rollout: RolloutResponse;
      /** What the server has done, and on what numbers. */
      readonly event: RolloutEventResponse;
    }
  | {
      readonly kind: 'canary_ended';
      readonly rollout: RolloutResponse;
      /** Why the server ended it; null when it did not within the time that the story has. */
      readonly reason: string | null;
      readonly alias: AliasResponse;
      readonly session_version: number;
      readonly customers: Served;
      /** Words that all tickets have which the candidate sent to the wrong team, and no labelled one. */
      readonly in_common: readonly string[];
    }
  | {
      readonly kind: 'listed';
      readonly versions: readonly { version: number; created_at: string; prompt_characters: number }[];
      readonly moves: readonly AliasMoveResponse[];
      readonly audit: AuditCheckResponse;
    }
  | { readonly kind: 'archived' };

/** What customers got, as the application knows it. */
export type Served = readonly {
  readonly version: number;
  readonly customers: number;
  /** Those whose ticket went to the wrong team. */
  readonly wrong: number;
}[];
