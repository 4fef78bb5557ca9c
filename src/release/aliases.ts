import type { Audit } from '../access/audit.ts';
import type { Actor } from '../access/keys.ts';
import { requireAgent } from '../agent/agents.ts';
import { requireServable } from '../agent/servable.ts';
import { aliasPattern, latestAlias } from '../core/agent-reference.ts';
import { percent } from '../core/assignment.ts';
import type { AuditActor } from '../core/audit-entry.ts';
import { contentHash } from '../core/canonical.ts';
import { type Clock, formatTime } from '../core/clock.ts';
import { PawlError } from '../core/errors.ts';
import { type Page, type PageRequest, pageOf } from '../core/page.ts';
import { type AliasHold, type AliasPolicy, firstPolicy, type MoveKind } from '../core/release.ts';
import { requireEval } from '../eval/evals.ts';
import { type AgentRow, findAgent, lockAgent, setDefaultAlias } from '../store/agents.ts';
import {
  findAlias,
  findMove,
  insertAlias,
  insertMove,
  listAliases,
  listMoves,
  lockAlias,
  updateAlias,
} from '../store/aliases.ts';
import type { Handle, Store } from '../store/dialect.ts';
import type { Notify } from '../webhook/notify.ts';
import {
  type Alias,
  type AliasKey,
  type AliasMove,
  noAlias,
  readAlias,
  readMove,
  subjectOf,
} from './alias.ts';
import { requireSettable } from './alias-rules.ts';
import { orWriteDown } from './refusals.ts';

/** How an alias moves. */
export type Move = Pick<AliasMove, 'kind' | 'to_version' | 'actor' | 'reason' | 'evidence'> & {
  /** The move that a rollback of this one goes back to. */
  readonly before: number | null;
  readonly hold: AliasHold | null;
  /** What the audit log tells beyond the two versions. */
  readonly told?: { readonly [key: string]: string | number | boolean | null };
};

/** The part of an alias's traffic that a rollout gives to a candidate. */
export type Canary = {
  readonly rollout_id: string;
  readonly salt: string;
  readonly version: number;
  /** In parts of 10,000. */
  readonly weight: number;
};

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly notify: Notify;
};

/** How many aliases one agent may have. */
const maxAliases = 100;

/** Aliases of agents and their histories. Every move is made here, in one transaction with its audit entry. */
export function createAliases({ store, clock, audit, notify }: Deps) {
  /** An alias of an agent, locked; one that is not there yet is made, and stands for nothing. */
  async function lockOrMake(tx: Handle, key: AliasKey): Promise<Alias> {
    requireName(key.name);
    const found = await lockAlias(tx, store.dialect, key);
    if (found !== null) return readAlias(found);
    requireAgent(await lockAgent(tx, store.dialect, key.agent_id), key.agent_id);
    const others = (await listAliases(tx, key.agent_id)).filter(({ version }) => version !== null);
    // Nobody can use up the place of the one that matters most.
    if (others.length >= maxAliases && key.name !== 'production') {
      throw new PawlError('invalid_request', `name: an agent has at most ${maxAliases} aliases`);
    }
    const now = formatTime(clock.now());
    const policy = JSON.stringify(firstPolicy(key.name));
    const times = { created_at: now, updated_at: now };
    const none = { rollout_id: null, canary_salt: null, canary_version: null, canary_weight: null };
    await insertAlias(tx, { ...key, version: null, move: 0, hold: null, policy, ...none, ...times });
    const made = await lockAlias(tx, store.dialect, key);
    if (made === null) throw new Error(`Alias ${key.name} of ${key.agent_id} is neither new nor there`);
    return readAlias(made);
  }

  /** Moves an alias that is locked and whose move has been decided on. */
  async function move(tx: Handle, alias: Alias, change: Move): Promise<Alias> {
    const { kind, to_version, actor, reason, evidence, before, hold, told = {} } = change;
    const now = formatTime(clock.now());
    const { agent_id, name } = alias;
    const number = alias.move + 1;
    await insertMove(tx, {
      ...{ agent_id, alias: name, move: number, kind, from_version: alias.version, to_version, before },
      ...{ actor: JSON.stringify(actor), reason, created_at: now },
      evidence: evidence === null ? null : JSON.stringify(evidence),
    });
    const held = hold === null ? null : JSON.stringify(hold);
    await updateAlias(tx, alias, { version: to_version, move: number, hold: held, updated_at: now });
    await audit.append(tx, {
      ...{ action: actions[kind], outcome: 'done', actor, subject: subjectOf(alias), reason },
      before: { version: alias.version },
      after: { version: to_version, move: number, evidence, ...told },
    });
    if (kind === 'rollback') {
      const data = { id: agent_id, alias: name, from_version: alias.version, to_version };
      await notify.enqueue(tx, { type: actions[kind], data, at: now });
    }
    return { ...alias, version: to_version, move: number, hold, updated_at: now };
  }

  /** Gives part of the traffic of a locked alias to a candidate, or none when that is null. */
  async function setCanary(tx: Handle, alias: Alias, canary: Canary | null): Promise<Alias> {
    await updateAlias(tx, alias, {
      ...{ rollout_id: canary?.rollout_id ?? null, canary_salt: canary?.salt ?? null },
      ...{ canary_version: canary?.version ?? null, canary_weight: canary?.weight ?? null },
      updated_at: formatTime(clock.now()),
    });
    if (canary === null) return { ...alias, rollout: null };
    const { rollout_id: id, version, weight } = canary;
    return { ...alias, rollout: { id, version, weight: percent(weight) } };
  }

  /** Holds a locked alias where it is, until somebody releases it. */
  async function hold(
    tx: Handle,
    alias: Alias,
    { by, reason }: { readonly by: AuditActor; readonly reason: string },
  ): Promise<Alias> {
    const updated_at = formatTime(clock.now());
    const held: AliasHold = { since: updated_at, by: by.name, reason };
    await updateAlias(tx, alias, { hold: JSON.stringify(held), updated_at });
    await audit.append(tx, {
      ...{ action: 'alias.held', outcome: 'done', actor: by, subject: subjectOf(alias), reason },
      ...{ before: { hold: alias.hold }, after: { hold: held } },
    });
    return { ...alias, hold: held, updated_at };
  }

  /** Changes an alias, or writes down that somebody may not. */
  async function change(
    key: AliasKey,
    attempt: { readonly action: string; readonly by: Actor },
    work: (tx: Handle) => Promise<Alias>,
  ): Promise<Alias> {
    const { action, by } = attempt;
    const changed = await orWriteDown(audit, { action, actor: by, subject: subjectOf(key) }, () =>
      store.write(work),
    );
    notify.wake();
    return changed;
  }

  async function retrieve(key: AliasKey): Promise<Alias> {
    const row = await findAlias(store.db, key);
    if (row === null)
      throw new PawlError('alias_not_found', `agent ${key.agent_id} has no alias ${key.name}`);
    return readAlias(row);
  }

  return {
    lockOrMake,
    move,
    setCanary,
    hold,
    retrieve,

    /** All aliases of an agent, by name. @throws PawlError `agent_not_found` */
    async list(agentId: string): Promise<Alias[]> {
      requireAgent(await findAgent(store.db, agentId), agentId);
      return (await listAliases(store.db, agentId)).map(readAlias);
    },

    /** The moves of an alias by number. @throws PawlError `alias_not_found` */
    async history(key: AliasKey, request: PageRequest): Promise<Page<AliasMove>> {
      await retrieve(key);
      const page = pageOf(await listMoves(store.db, key, request), request, (row) => [row.move]);
      return { data: page.data.map(readMove), next_page: page.next_page };
    },

    /**
     * Lets an alias stand for a version, or for none. A protected one is set only once, when it stands for nothing.
     * `from` is what the caller saw there. Setting it to what it is changes nothing.
     * @throws PawlError `agent_not_found`, `version_not_found`, `agent_archived`, `permission`, `alias_moved`,
     *   `alias_held`, `alias_protected`, `invalid_request`
     */
    async set(
      key: AliasKey,
      { to, from, by, reason }: { to: number | null; from: number | null; by: Actor; reason: string | null },
    ): Promise<Alias> {
      const kind = to === null ? 'removal' : 'set';
      return change(key, { action: actions[kind], by }, async (tx) => {
        const agent = requireAgent(await lockAgent(tx, store.dialect, key.agent_id), key.agent_id);
        if (to !== null) await requireServable(tx, agent, to);
        const alias = to === null ? await requireAlias(tx, key) : await lockOrMake(tx, key);
        requireSettable(alias, { from, role: by.role });
        if (alias.version === to) return alias;
        if (to === null && agent.default_alias === key.name) {
          throw new PawlError(
            'invalid_request',
            `name: ${key.name} decides for ${agent.id}; change its default first`,
          );
        }
        // What was removed in between does not stand in the way of going back.
        const last = alias.version === null ? await findMove(tx, key, alias.move) : null;
        const before = alias.version === null ? (last?.before ?? null) : alias.move;
        return move(tx, alias, {
          kind,
          to_version: to,
          actor: by,
          reason,
          evidence: null,
          before,
          hold: null,
        });
      });
    },

    /** Lets an alias move again after a rollback; one that is free stays as it is. @throws PawlError `alias_not_found` */
    async release(key: AliasKey, { by, reason }: { by: Actor; reason: string | null }): Promise<Alias> {
      return change(key, { action: 'alias.released', by }, async (tx) => {
        const alias = await requireAlias(tx, key);
        if (alias.hold === null) return alias;
        const updated_at = formatTime(clock.now());
        await updateAlias(tx, key, { hold: null, updated_at });
        await audit.append(tx, {
          ...{ action: 'alias.released', outcome: 'done', actor: by, subject: subjectOf(key), reason },
          ...{ before: { hold: alias.hold }, after: { hold: null } },
        });
        return { ...alias, hold: null, updated_at };
      });
    },

    /** Changes what an alias asks of whoever moves it. @throws PawlError `agent_not_found`, `eval_not_found` */
    async setPolicy(
      key: AliasKey,
      { changes, by, reason }: { changes: Partial<AliasPolicy>; by: Actor; reason: string | null },
    ): Promise<Alias> {
      return change(key, { action: 'alias.policy_changed', by }, async (tx) => {
        const alias = await lockOrMake(tx, key);
        const named =
          typeof changes.eval === 'string' ? (await requireEval(tx, changes.eval)).id : changes.eval;
        const policy = { ...alias.policy, ...changes, ...(named === undefined ? {} : { eval: named }) };
        if (contentHash(policy) === contentHash(alias.policy)) return alias;
        const updated_at = formatTime(clock.now());
        await updateAlias(tx, key, { policy: JSON.stringify(policy), updated_at });
        await audit.append(tx, {
          ...{ action: 'alias.policy_changed', outcome: 'done', actor: by, subject: subjectOf(key), reason },
          ...{ before: alias.policy, after: policy },
        });
        return { ...alias, policy, updated_at };
      });
    },

    /**
     * Names the alias that decides for sessions that name the agent alone; null gives those the latest version.
     * @throws PawlError `agent_not_found`, `alias_not_found`
     */
    async setDefault(
      agentId: string,
      change: { alias: string | null; by: Actor; reason: string | null },
    ): Promise<AgentRow> {
      const { alias, by, reason } = change;
      const subject = { type: 'agent', id: agentId };
      return orWriteDown(audit, { action: 'agent.default_alias_changed', actor: by, subject }, () =>
        store.write(async (tx) => {
          const agent = requireAgent(await lockAgent(tx, store.dialect, agentId), agentId);
          const target = alias === null ? null : await findAlias(tx, { agent_id: agentId, name: alias });
          if (alias !== null && target?.version == null) throw noAlias({ agent_id: agentId, name: alias });
          if (agent.default_alias === alias) return agent;
          const at = formatTime(clock.now());
          await setDefaultAlias(tx, agentId, { alias, at });
          await audit.append(tx, {
            ...{ action: 'agent.default_alias_changed', outcome: 'done', actor: by, subject, reason },
            ...{ before: { default_alias: agent.default_alias }, after: { default_alias: alias } },
          });
          return { ...agent, default_alias: alias, updated_at: at };
        }),
      );
    },
  };

  async function requireAlias(tx: Handle, key: AliasKey): Promise<Alias> {
    const row = await lockAlias(tx, store.dialect, key);
    if (row === null) throw noAlias(key);
    return readAlias(row);
  }
}

export type Aliases = ReturnType<typeof createAliases>;

/** What is said of each kind of move, to the audit log and to those who are notified. */
const actions = {
  set: 'alias.set',
  promotion: 'alias.promoted',
  rollback: 'alias.rolled_back',
  removal: 'alias.removed',
} as const satisfies Record<MoveKind, string>;

function requireName(name: string): void {
  if (name === latestAlias) {
    throw new PawlError('invalid_request', `name: ${latestAlias} always means the newest version`);
  }
  if (aliasPattern.test(name)) return;
  throw new PawlError(
    'invalid_request',
    'name: must begin with a small letter and hold at most 63 of a to z, 0 to 9, - and _',
  );
}
