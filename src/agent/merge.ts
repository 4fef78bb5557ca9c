import type { AgentConfig, AgentOverrides, ModelConfig } from '../core/agent-config.ts';
import { defaultEffort, type Effort } from '../core/effort.ts';
import { PawlError } from '../core/errors.ts';
import { type MetadataPatch, patchMetadata } from '../core/metadata.ts';

/** A model as a request names it; `effort` null means that the request did not say. */
export type ModelInput = { readonly id: string; readonly effort: Effort | null };

/** The fields of a request that creates or updates an agent; absent means keep (or the default, on create). */
export type AgentChanges = {
  readonly name?: string | undefined;
  readonly model?: ModelInput | undefined;
  readonly system?: string | null | undefined;
  readonly description?: string | null | undefined;
  readonly metadata?: MetadataPatch | null | undefined;
};

/** What a request for a session may replace; null clears. */
export type OverrideInput = {
  readonly model?: ModelInput | null | undefined;
  readonly system?: string | null | undefined;
  readonly tools?: readonly never[] | null | undefined;
  readonly mcp_servers?: readonly never[] | null | undefined;
  readonly skills?: readonly never[] | null | undefined;
};

/** The config of version 1. */
export function firstConfig(fields: AgentChanges & { name: string; model: ModelInput }): AgentConfig {
  return {
    name: fields.name,
    model: modelConfig(fields.model),
    system: emptyToNull(fields.system),
    description: emptyToNull(fields.description),
    tools: [],
    mcp_servers: [],
    skills: [],
    multiagent: null,
    metadata: patchMetadata({}, fields.metadata),
    execution_identity: { type: 'service_account' },
  };
}

/** The config after an update: absent fields stay, null and empty text clear, metadata is patched by key. */
export function mergeConfig(current: AgentConfig, changes: AgentChanges): AgentConfig {
  return {
    ...current,
    name: changes.name ?? current.name,
    model: changes.model === undefined ? current.model : mergeModel(current.model, changes.model),
    system: changes.system === undefined ? current.system : emptyToNull(changes.system),
    description: changes.description === undefined ? current.description : emptyToNull(changes.description),
    metadata: patchMetadata(current.metadata, changes.metadata),
  };
}

/**
 * The overrides of a session, resolved; null when the request replaces nothing. A model replaces the whole
 * model of the agent and runs at its default effort, whatever effort the request names.
 * @throws PawlError `agent_model_required` when the model is null.
 */
export function resolveOverrides(input: OverrideInput): AgentOverrides | null {
  if (input.model === null) {
    throw new PawlError('agent_model_required', 'agent.model: a session cannot run without a model');
  }
  const overrides: AgentOverrides = {
    ...(input.model === undefined ? {} : { model: modelConfig({ id: input.model.id, effort: null }) }),
    ...(input.system === undefined ? {} : { system: emptyToNull(input.system) }),
    ...(input.tools === undefined ? {} : { tools: [] }),
    ...(input.mcp_servers === undefined ? {} : { mcp_servers: [] }),
    ...(input.skills === undefined ? {} : { skills: [] }),
  };
  return Object.keys(overrides).length === 0 ? null : overrides;
}

function mergeModel(current: ModelConfig, input: ModelInput): ModelConfig {
  const keepsEffort = input.id === current.id && input.effort === null;
  return modelConfig(keepsEffort ? { id: input.id, effort: current.effort.type } : input);
}

function modelConfig({ id, effort }: ModelInput): ModelConfig {
  return { id, effort: { type: effort ?? defaultEffort }, speed: 'standard' };
}

function emptyToNull(text: string | null | undefined): string | null {
  return text === undefined || text === '' ? null : text;
}
