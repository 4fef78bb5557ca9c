import { randomBytes } from 'node:crypto';
import type { Files } from '../file/files.ts';
import { type Catalog, createCatalog } from '../model/catalog.ts';
import type { Duty } from '../queue/duties.ts';
import { openExportFolder } from '../session/retention/export-folder.ts';
import { createRetention } from '../session/retention/retention.ts';
import { createRetentionRules } from '../session/retention/rules.ts';
import type { Sessions } from '../session/sessions.ts';
import type { Config } from '../settings.ts';
import { listAgentModels } from '../store/agent-models.ts';
import { createVaults, type Vaults } from '../vault/vaults.ts';
import { packageVersion } from '../version.ts';
import type { Notify } from '../webhook/notify.ts';
import { createPost } from '../webhook/post.ts';
import { createWebhooks, type Webhooks } from '../webhook/webhooks.ts';
import type { Parts } from './parts.ts';

const vaultTimeoutMs = 10_000;
const webhookTimeoutMs = 10_000;

/** What becomes of sessions and files that are old. */
export function retentionOf(
  config: Config,
  parts: Parts & { readonly sessions: Sessions; readonly files: Files; readonly duty: Duty },
) {
  const folder = config.export_dir === null ? null : openExportFolder(config.export_dir);
  const { retention_days: days, file_retention_days: file_days } = config;
  const defaults = { days, file_days, export: folder !== null };
  return {
    rules: createRetentionRules({ ...parts, defaults }),
    ...createRetention({ ...parts, defaults, folder }),
  };
}

/** Who is told what happens here. */
export function webhooksOf(config: Config, parts: Parts & { readonly duty: Duty }): Webhooks {
  const allow_private = config.allow_private_webhooks;
  return createWebhooks({
    ...{ ...parts, allow_private, post: createPost({ allow_private }), randomBytes, random: Math.random },
    deadline: () => AbortSignal.timeout(webhookTimeoutMs),
    pawl_version: packageVersion(),
  });
}

/** What lets sessions in at MCP servers. */
export function vaultsOf(config: Config, parts: Parts & { readonly notify: Notify }): Vaults {
  return createVaults({
    ...{ ...parts, allow_private: config.allow_private_mcp, randomBytes },
    ...{ key: config.vault_key, previous_key: config.vault_key_previous },
    deadline: () => AbortSignal.timeout(vaultTimeoutMs),
  });
}

/** How many agents' models the list of models has at most; the newest are looked at. */
const mostAgentModels = 1000;

/** What models there are. */
export function catalogOf({ store, router, prices }: Parts): Catalog {
  const agentModels = () => listAgentModels(store.db, store.dialect, mostAgentModels);
  return createCatalog({ router, prices, agentModels });
}

/** What one process lets in at its door. */
export function limitsOf({ rate_limit_per_minute, max_failed_keys, max_requests, max_streams }: Config) {
  const elapsed = () => performance.now();
  return { rate_limit_per_minute, max_failed_keys, max_requests, max_streams, elapsed };
}
