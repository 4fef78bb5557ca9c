import type { Client } from '@modelcontextprotocol/client';
import type { Clock } from '../core/clock.ts';
import type { GuardedFetchOptions } from '../outbound/guarded-fetch.ts';
import { type Address, type Connection, connect } from './connection.ts';
import { createKeptTools, type KeptTools } from './kept-tools.ts';
import { LimitError } from './limit-error.ts';
import { listTools } from './tool-list.ts';
import { orAborted, within } from './within.ts';

type Deps = Pick<GuardedFetchOptions, 'allow_private' | 'resolve'> & {
  readonly clock: Clock;
  readonly pawl_version: string;
  /** The longest that connecting may take, and the longest that listing all tools may. */
  readonly patience_ms: number;
  /** How long a connection stays that nobody uses. */
  readonly idle_ms: number;
  /** How many there may be. */
  readonly most: number;
};

/** A connection, to whoever has it in use. */
export type Line = KeptTools & { readonly client: Client };

type Slot = KeptTools & {
  readonly key: string;
  /** Greeted, or failed to be. */
  readonly opening: Promise<Connection>;
  isGreeted: boolean;
  /** Nobody new gets it. */
  isRetired: boolean;
  users: number;
  /** Ends the greeting, for want of somebody who waits for it. */
  readonly abandon: AbortController;
  timer: NodeJS.Timeout | undefined;
};

/**
 * Connections by URL and credentials. One is opened when it is first needed, shared by all who need it, and closed when
 * nobody has needed it for a while, when something has gone wrong on it, or to make room for another.
 */
export function createConnections(deps: Deps) {
  /** Those that somebody new may get; the one that has not been asked for the longest stands first. */
  const slots = new Map<string, Slot>();
  /** All that are not being closed. */
  const open = new Set<Slot>();
  const closing = new Set<Promise<void>>();
  const stopping = new AbortController();

  function slotFor(address: Address): Slot {
    const key = keyOf(address);
    const slot = slots.get(key) ?? newSlot(address, key);
    slots.delete(key);
    slots.set(key, slot);
    clearTimeout(slot.timer);
    return slot;
  }

  function newSlot(address: Address, key: string): Slot {
    makeRoom();
    const bounds = { ms: deps.patience_ms, signal: stopping.signal };
    const abandon = new AbortController();
    const until = AbortSignal.any([stopping.signal, abandon.signal]);
    const opening = within({ ...bounds, signal: until }, (signal) =>
      connect({
        ...{ ...deps, ...address, signal },
        onToolsChanged: () => slot.forget(),
        onLost: () => retire(slot),
      }),
    );
    const list = async () => {
      const { client } = await opening;
      const secret = address.authorization;
      return within(bounds, (signal) => listTools(client, { signal, secret }));
    };
    const slot: Slot = {
      ...createKeptTools({ clock: deps.clock, list }),
      ...{ key, opening, isGreeted: false, isRetired: false, users: 0, abandon, timer: undefined },
    };
    open.add(slot);
    opening.then(
      () => {
        slot.isGreeted = true;
      },
      () => retire(slot),
    );
    return slot;
  }

  /** @throws LimitError */
  function makeRoom(): void {
    if (open.size < deps.most) return;
    const idle = [...slots.values()].find(({ users }) => users === 0);
    if (idle === undefined) {
      throw new LimitError(`cannot be connected to now: ${deps.most} connections to MCP servers are in use`);
    }
    retire(idle);
  }

  function retire(slot: Slot): void {
    slot.isRetired = true;
    if (slots.get(slot.key) === slot) slots.delete(slot.key);
    if (slot.users === 0) close(slot);
  }

  function close(slot: Slot): void {
    clearTimeout(slot.timer);
    if (!open.delete(slot)) return;
    const task: Promise<void> = slot.opening
      .then((connection) => connection.close())
      .catch(() => {})
      .finally(() => closing.delete(task));
    closing.add(task);
  }

  function release(slot: Slot): void {
    slot.users--;
    if (slot.users > 0) return;
    if (!slot.isGreeted) {
      // It may hang, and whoever comes next would wait for it too.
      slot.abandon.abort();
      retire(slot);
    } else if (slot.isRetired) close(slot);
    else slot.timer = setTimeout(() => retire(slot), deps.idle_ms).unref();
  }

  return {
    /** Whether there is one to this address that was greeted before. */
    isOpen: (address: Address): boolean => slots.get(keyOf(address))?.isGreeted === true,

    /**
     * Does `work` with a connection, which nobody new gets after work that has failed. When `signal` is aborted, it
     * stops waiting for a connection; that work ends then is up to `work`.
     * @throws LimitError, or what connecting or `work` throws
     */
    async use<T>(address: Address, signal: AbortSignal, work: (line: Line) => Promise<T>): Promise<T> {
      const slot = slotFor(address);
      slot.users++;
      try {
        const { client } = await orAborted(slot.opening, signal);
        return await work({ client, tools: slot.tools, forget: slot.forget });
      } catch (error) {
        if (slot.isGreeted) retire(slot);
        throw error;
      } finally {
        release(slot);
      }
    },

    /** Closes all, whether they are in use or not, and waits until they are closed. */
    async stop(): Promise<void> {
      stopping.abort(new LimitError('is no longer connected to: this server is stopping'));
      for (const slot of open) {
        slots.delete(slot.key);
        close(slot);
      }
      await Promise.all(closing);
    },
  };
}

function keyOf({ url, authorization }: Address): string {
  return JSON.stringify([url, authorization]);
}
