import type { ScorerConfig } from './scorers.ts';

/** Why a scorer cannot do without a target, and which of its settings that is about; null for all of it. */
export type TargetNeeded = { readonly field: string | null; readonly reason: string };

const none = 'what is scored has no expected value';

/** Whether a scorer can score what has no target; null when it can. */
export function targetNeededBy(config: ScorerConfig): TargetNeeded | null {
  switch (config.type) {
    case 'exact':
    case 'numeric':
    case 'set_f1':
    case 'edit_similarity':
      return {
        field: null,
        reason: `must be a scorer that needs no expected value; ${config.type} compares with one, and ${none}`,
      };
    case 'contains':
      return config.texts === null ? { field: 'texts', reason: `must be set: ${none}` } : null;
    case 'json_field':
      return config.equals === undefined ? { field: 'equals', reason: `must be set: ${none}` } : null;
    case 'tool_calls':
      return config.expected === null ? { field: 'expected', reason: `must be set: ${none}` } : null;
    case 'json_schema':
    case 'regex':
    case 'latency':
    case 'cost':
    case 'tokens':
    case 'judge':
    case 'module':
    case 'http':
      return null;
  }
}
