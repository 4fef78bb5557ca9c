import type { AgentConfig } from '../core/agent-config.ts';
import { maxInteger } from '../core/page.ts';
import { findVersion, type VersionRow } from '../store/agents.ts';
import type { Store } from '../store/dialect.ts';

/** A version, read: its row with the config parsed. */
export type Version = {
  readonly agent_id: string;
  readonly version: number;
  readonly config: AgentConfig;
  readonly config_hash: string;
  readonly effective_hash: string;
  /** The name of the key it was made with; null when it is not known. */
  readonly author: string | null;
  readonly message: string | null;
  readonly created_at: string;
};

const maxKept = 200;

/**
 * Reads versions and keeps the ones used last: they never change, so a kept one is always right. Only what is
 * committed is read; inside a transaction `findVersion` is the one to use.
 */
export function createVersions(store: Store) {
  const kept = new Map<string, Version>();

  /** A version of an agent; null when there is none. */
  async function find(agentId: string, number: number): Promise<Version | null> {
    if (number > maxInteger) return null;
    const key = `${agentId}@${number}`;
    let version = kept.get(key);
    if (version === undefined) {
      const row = await findVersion(store.db, agentId, number);
      if (row === null) return null;
      version = readVersion(row);
    }
    kept.delete(key);
    kept.set(key, version);
    for (const oldest of kept.keys()) {
      if (kept.size <= maxKept) break;
      kept.delete(oldest);
    }
    return version;
  }

  return {
    find,
    /** A version that something stored refers to. Throws an Error when it is missing, which the database prevents. */
    async require(agentId: string, number: number): Promise<Version> {
      const version = await find(agentId, number);
      if (version === null) throw new Error(`Agent ${agentId} lacks version ${number}`);
      return version;
    },
  };
}

export type Versions = ReturnType<typeof createVersions>;

/** Parses a stored version. */
export function readVersion(row: VersionRow): Version {
  return { ...row, config: JSON.parse(row.config) as AgentConfig };
}
