import type { Effort } from './effort.ts';
import type { Metadata } from './metadata.ts';
import type { McpServer, Tool } from './tools.ts';

/** The model of an agent, in the resolved form that answers carry. */
export type ModelConfig = {
  readonly id: string;
  readonly effort: { readonly type: Effort };
  readonly speed: 'standard';
};

/** Whom an agent acts as. Only the server itself so far. */
export type ExecutionIdentity = { readonly type: 'service_account' };

/** Everything that a version fixes, resolved. Two versions with equal configs are the same version. */
export type AgentConfig = {
  readonly name: string;
  readonly model: ModelConfig;
  readonly system: string | null;
  readonly description: string | null;
  readonly tools: readonly Tool[];
  readonly mcp_servers: readonly McpServer[];
  readonly skills: readonly never[];
  readonly multiagent: null;
  readonly metadata: Metadata;
  readonly execution_identity: ExecutionIdentity;
};

/** What a session may replace of its agent's version, for itself alone; absent means inherited. */
export type AgentOverrides = Partial<
  Pick<AgentConfig, 'model' | 'system' | 'tools' | 'mcp_servers' | 'skills'>
>;

/** What decides how a session behaves: the part of a config that its hash is taken over. */
export type EffectiveConfig = Omit<AgentConfig, 'name' | 'description' | 'metadata'>;

/** Lays a session's overrides over its version. */
export function applyOverrides(config: AgentConfig, overrides: AgentOverrides | null): AgentConfig {
  return overrides === null ? config : { ...config, ...overrides };
}

/** The part of a config that decides behaviour: names, descriptions and metadata do not. */
export function effectiveConfig(config: AgentConfig): EffectiveConfig {
  const { name: _name, description: _description, metadata: _metadata, ...effective } = config;
  return effective;
}
