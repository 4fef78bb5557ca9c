import type { AgentResponse } from '../../../src/api/wire/agents.ts';
import type { Comparable } from './version-diff.tsx';

/** What somebody edits of an agent, as it stands in fields. */
export type Draft = {
  readonly name: string;
  readonly description: string;
  readonly system: string;
  readonly model: string;
  /** JSON, as it is typed. */
  readonly tools: string;
};

/** The fields of a version. */
export function draftOf(agent: AgentResponse): Draft {
  return {
    name: agent.name,
    description: agent.description ?? '',
    system: agent.system ?? '',
    model: agent.model.id,
    tools: JSON.stringify(agent.tools, null, 2),
  };
}

/** Why a draft cannot be sent; null when it can. */
export function draftProblem(draft: Draft): string | null {
  if (draft.name.trim() === '') return 'The agent needs a name.';
  if (draft.model.trim() === '') return 'The agent needs a model.';
  try {
    if (!Array.isArray(JSON.parse(draft.tools))) return 'Tools: must be a list, such as [].';
  } catch {
    return 'Tools: this is no JSON.';
  }
  return null;
}

/** What a draft changes of the version that it began with; absent fields stay as they are. */
export function changesOf(draft: Draft, base: Draft): Record<string, unknown> {
  const changes: Record<string, unknown> = {};
  if (draft.name !== base.name) changes['name'] = draft.name;
  if (draft.description !== base.description) changes['description'] = draft.description || null;
  if (draft.system !== base.system) changes['system'] = draft.system || null;
  if (draft.model !== base.model) changes['model'] = draft.model;
  if (draft.tools !== base.tools) changes['tools'] = JSON.parse(draft.tools);
  return changes;
}

/** An agent as it would be with a draft in place. */
export function withDraft(base: AgentResponse, draft: Draft): Comparable {
  return {
    ...base,
    name: draft.name,
    description: draft.description || null,
    system: draft.system || null,
    model: { ...base.model, id: draft.model },
    tools: draftProblem(draft) === null ? JSON.parse(draft.tools) : base.tools,
  };
}
