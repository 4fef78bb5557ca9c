import type { AgentConfig, AgentOverrides, ModelConfig } from '../core/agent-config.ts';
import { defaultEffort, type Effort } from '../core/effort.ts';
import { PawlError } from '../core/errors.ts';
import { type MetadataPatch, patchMetadata } from '../core/metadata.ts';
import { replaceTools, type ToolChanges } from './tools.ts';

/** A model as a request names it; `effort` null means that the request did not say. */
export type ModelInput = { readonly id: string; readonly effort: Effort | null };

/** The fields of a request that creates or updates an agent; absent means keep (or the default, on create). */
export type AgentChanges = ToolChanges & {
  readonly name?: string | undefined;
  readonly model?: ModelInput | undefined;
  readonly system?: string | null | undefined;
  readonly description?: string | null | undefined;
  readonly metadata?: MetadataPatch | null | undefined;
};

/** What a request for a session may replace; null clears. */
export type OverrideInput = ToolChanges & {
  readonly model?: ModelInput | null | undefined;
  readonly system?: string | null | undefined;
  readonly skills?: readonly never[] | null | undefined;
};

/** The config of version 1. @throws PawlError `invalid_request` when its tools do not go together, `invalid_metadata` */
export function firstConfig(fields: AgentChanges & { name: string; model: ModelInput }): AgentConfig {
  return {
    name: fields.name,
    model: modelConfig(fields.model),
    system: emptyToNull(fields.system),
    description: emptyToNull(fields.description),
    tools: [],
    mcp_servers: [],
    ...replaceTools({ tools: [], mcp_servers: [] }, fields),
    skills: [],
    multiagent: null,
    metadata: patchMetadata({}, fields.metadata),
    execution_identity: { type: 'service_account' },
  };
}

/**
 * The config after an update: absent fields stay, null and what is empty clear, lists are replaced as a whole, metadata
 * is patched by key.
 * @throws PawlError `invalid_request` when the tools that result do not go together, `invalid_metadata`
 */
export function mergeConfig(current: AgentConfig, changes: AgentChanges): AgentConfig {
  return {
    ...current,
    name: changes.name ?? current.name,
    model: changes.model === undefined ? current.model : mergeModel(current.model, changes.model),
    system: changes.system === undefined ? current.system : emptyToNull(changes.system),
    description: changes.description === undefined ? current.description : emptyToNull(changes.description),
    ...replaceTools(current, changes),
    metadata: patchMetadata(current.metadata, changes.metadata),
  };
}

/**
 * The overrides of a session, resolved; null when the request replaces nothing. A model replaces the whole
 * model of the agent and runs at its default effort, whatever effort the request names. `base` is the version that
 * they are laid over.
 * @throws PawlError `agent_model_required` when the model is null, `invalid_request` when the tools that result do not
 *   go together.
 */
export function resolveOverrides(input: OverrideInput, base: AgentConfig): AgentOverrides | null {
  if (input.model === null) {
    throw new PawlError('agent_model_required', 'agent.model: a session cannot run without a model');
  }
  const overrides: AgentOverrides = {
    ...(input.model === undefined ? {} : { model: modelConfig({ id: input.model.id, effort: null }) }),
    ...(input.system === undefined ? {} : { system: emptyToNull(input.system) }),
    ...mergeSessionTools(base, input),
    ...(input.skills === undefined ? {} : { skills: [] }),
  };
  return Object.keys(overrides).length === 0 ? null : overrides;
}

/**
 * The lists of tools that a request replaces in a session that runs with `config`, resolved; without any where it
 * replaces none.
 * @throws PawlError `invalid_request` when the tools that result do not go together.
 */
export function mergeSessionTools(
  config: AgentConfig,
  changes: ToolChanges,
): Pick<AgentOverrides, 'tools' | 'mcp_servers'> {
  return replaceTools(config, changes, 'agent.');
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
