import { setImmediate as turn } from 'node:timers/promises';
import type { Audit } from '../../access/audit.ts';
import type { Actor } from '../../access/keys.ts';
import { requireAgent } from '../../agent/agents.ts';
import type { AgentConfig } from '../../core/agent-config.ts';
import { type Clock, formatTime } from '../../core/clock.ts';
import { PawlError } from '../../core/errors.ts';
import { type Page, type PageRequest, pageOf } from '../../core/page.ts';
import { findAgent, findVersion, listAgents, lockAgent } from '../../store/agents.ts';
import type { Store } from '../../store/dialect.ts';
import {
  deleteRetentionRule,
  findRetentionRules,
  listQuietSessions,
  putRetentionRule,
  type QuietPlace,
  type RetentionRuleRow,
} from '../../store/retention.ts';
import { decideFate, type RetentionRule, restedBefore } from './decision.ts';
import { findNeeds } from './needs.ts';

/** What this server does with what is old, where no agent has a rule of its own. */
export type RetentionDefaults = RetentionRule & {
  /** Days that a file is kept after its upload; null keeps files until somebody deletes them. */
  readonly file_days: number | null;
};

/** What applies to the sessions of an agent, and what it comes to now. */
export type AgentRetention = RetentionRule & {
  readonly agent_id: string;
  readonly agent_name: string;
  /** Whose rule it is. */
  readonly source: 'agent' | 'server';
  /** When the agent got its rule; null when it has none. */
  readonly updated_at: string | null;
  readonly due: DueSessions;
};

/** Sessions that are old enough to go. */
export type DueSessions = {
  /** Those that would be deleted now. */
  readonly sessions: number;
  /** Those that something still needs. */
  readonly kept: number;
  /** Whether there are more than were counted. */
  readonly more: boolean;
};

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly audit: Audit;
  /** Whether it exports says whether there is a folder to export into. */
  readonly defaults: RetentionDefaults;
};

const countedTogether = 250;
const mostCounted = 1000;

/** How long sessions of each agent are kept. */
export function createRetentionRules({ store, clock, audit, defaults }: Deps) {
  async function dueOf(agent_id: string, rule: RetentionRule): Promise<DueSessions> {
    const now = clock.now();
    const before = restedBefore(rule, now);
    const due = { sessions: 0, kept: 0 };
    let after: QuietPlace | null = null;
    while (before !== null && due.sessions + due.kept < mostCounted) {
      const of = { agent_id, before, after, limit: countedTogether };
      const rows = await listQuietSessions(store.db, of);
      const needsOf = await findNeeds(store.db, rows);
      for (const row of rows) {
        const { action } = decideFate({ ...row, needs: needsOf(row) }, rule, now);
        due[action === 'delete' ? 'sessions' : 'kept'] += 1;
      }
      after = rows.at(-1) ?? null;
      if (rows.length < countedTogether) return { ...due, more: false };
      // SQLite answers at once, so that nobody else would have a turn.
      await turn();
    }
    return { ...due, more: before !== null };
  }

  async function describe(agent: Named, row: RetentionRuleRow | null): Promise<AgentRetention> {
    const rule = ruleOf(row, defaults);
    return {
      ...agent,
      ...rule,
      source: row === null ? 'server' : 'agent',
      updated_at: row?.updated_at ?? null,
      due: await dueOf(agent.agent_id, rule),
    };
  }

  async function retrieve(id: string): Promise<AgentRetention> {
    const { latest_version } = requireAgent(await findAgent(store.db, id), id);
    const version = await findVersion(store.db, id, latest_version);
    const [row = null] = await findRetentionRules(store.db, [id]);
    return describe({ agent_id: id, agent_name: version === null ? id : nameOf(version.config) }, row);
  }

  /** Puts a rule in place of another; null takes it away. */
  async function change(id: string, rule: RetentionRule | null, by: By): Promise<void> {
    await store.write(async (tx) => {
      requireAgent(await lockAgent(tx, store.dialect, id), id);
      const [row] = await findRetentionRules(tx, [id]);
      const before = row === undefined ? null : ruleOf(row, defaults);
      if (JSON.stringify(before) === JSON.stringify(rule)) return;
      if (rule === null) await deleteRetentionRule(tx, id);
      else {
        const updated_at = formatTime(clock.now());
        await putRetentionRule(tx, {
          agent_id: id,
          days: rule.days,
          export: Number(rule.export),
          updated_at,
        });
      }
      const subject = { type: 'agent', id };
      const fact = { action: 'retention.changed', outcome: 'done', subject, ...by } as const;
      await audit.append(tx, { ...fact, before, after: rule });
    });
  }

  return {
    /** What applies where agents have no rule of their own. */
    defaults,

    /** @throws PawlError `agent_not_found` */
    retrieve,

    /**
     * Gives an agent a rule of its own. Without `export`, sessions are exported where the server does that.
     * @throws PawlError `agent_not_found`, `invalid_request` when there is no folder to export into
     */
    async set(
      id: string,
      {
        days,
        export: exports = defaults.export,
      }: Pick<RetentionRule, 'days'> & { readonly export?: boolean | undefined },
      by: By,
    ): Promise<AgentRetention> {
      if (exports && !defaults.export) {
        const message = 'export: must be false, because this server has no PAWL_EXPORT_DIR to export into';
        throw new PawlError('invalid_request', message);
      }
      await change(id, { days, export: exports }, by);
      return retrieve(id);
    },

    /** Takes the rule of an agent away, so that the server's own applies. @throws PawlError `agent_not_found` */
    async clear(id: string, by: By): Promise<AgentRetention> {
      await change(id, null, by);
      return retrieve(id);
    },

    /** What applies to each agent, archived ones included, by the time at which they were made. */
    async list(request: PageRequest): Promise<Page<AgentRetention>> {
      const filter = { include_archived: true, created_at: {} };
      const rows = await listAgents(store.db, filter, request);
      const page = pageOf(rows, request, ({ agent }) => [agent.created_at, agent.id]);
      const ids = page.data.map(({ agent }) => agent.id);
      const rules = new Map((await findRetentionRules(store.db, ids)).map((row) => [row.agent_id, row]));
      const data: AgentRetention[] = [];
      for (const { agent, version } of page.data) {
        const named = { agent_id: agent.id, agent_name: nameOf(version.config) };
        data.push(await describe(named, rules.get(agent.id) ?? null));
      }
      return { data, next_page: page.next_page };
    },
  };
}

export type RetentionRules = ReturnType<typeof createRetentionRules>;

type Named = Pick<AgentRetention, 'agent_id' | 'agent_name'>;
type By = { readonly actor: Actor; readonly reason: string | null };

/** The rule that an agent has, or else the server's. */
export function ruleOf(
  row: RetentionRuleRow | null,
  { days, export: exports }: RetentionRule,
): RetentionRule {
  return row === null ? { days, export: exports } : { days: row.days, export: row.export === 1 };
}

function nameOf(config: string): string {
  return (JSON.parse(config) as AgentConfig).name;
}
