import { z } from 'zod';
import type { Agent } from '../../agent/agents.ts';
import type { AgentConfig } from '../../core/agent-config.ts';
import {
  flag,
  limit,
  longText,
  metadata,
  metadataPatch,
  model,
  page,
  text,
  time,
  unsupported,
  versionNumber,
} from './fields.ts';
import { mcpServers, tools } from './tools.ts';

const executionIdentity = z
  .strictObject({
    type: z.literal('service_account', "only 'service_account' is supported by this server"),
  })
  .nullable();

const lists = {
  tools: tools.optional(),
  mcp_servers: mcpServers.optional(),
  skills: unsupported('list', 'skills are').optional(),
};

const shared = {
  system: longText(100_000).nullable().optional(),
  description: longText(2048).nullable().optional(),
  ...lists,
  multiagent: unsupported('null', 'multiagent is').optional(),
  execution_identity: executionIdentity.optional(),
};

export const agentCreate = z.strictObject({
  name: text(1, 256),
  model,
  metadata: metadata.optional(),
  ...shared,
});

export const agentUpdate = z.strictObject({
  name: text(1, 256).optional(),
  model: model.optional(),
  metadata: metadataPatch.optional(),
  version: z.int().min(1).optional(),
  ...shared,
});

/** What a session may replace of its agent; absent inherits, null clears. */
export const overrideFields = {
  model: model.nullable().optional(),
  system: longText(100_000).nullable().optional(),
  ...lists,
};

export const agentQuery = z.strictObject({ version: versionNumber.optional() });

export const agentListQuery = z.strictObject({
  limit: limit(20, 100),
  page,
  include_archived: flag('Whether archived ones are listed as well.'),
  'created_at[gte]': time,
  'created_at[lte]': time,
});

export const versionListQuery = z.strictObject({ limit: limit(20, 100), page });

/** An agent at one version, as answers carry it. */
export type AgentResponse = AgentConfig & {
  readonly id: string;
  readonly type: 'agent';
  readonly version: number;
  readonly created_at: string;
  readonly updated_at: string;
  readonly archived_at: string | null;
  readonly pawl: AgentExtras;
};

/** What this server adds to an agent at one version. */
export type AgentExtras = {
  readonly config_hash: string;
  /** Who made the version, and what they said about it. */
  readonly author: string | null;
  readonly message: string | null;
  /** The alias that decides for sessions that name the agent alone; null gives those the latest version. */
  readonly default_alias: string | null;
};

/** `updated_at` is when this version was made; for the latest of an archived agent, when it was archived. */
export function agentResponse({ row, version }: Agent): AgentResponse {
  const isLatest = version.version === row.latest_version;
  return {
    id: row.id,
    type: 'agent',
    version: version.version,
    ...version.config,
    created_at: row.created_at,
    updated_at: isLatest ? row.updated_at : version.created_at,
    archived_at: row.archived_at,
    pawl: {
      config_hash: version.effective_hash,
      author: version.author,
      message: version.message,
      default_alias: row.default_alias,
    },
  };
}
