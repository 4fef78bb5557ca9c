import { contentHash } from './canonical.ts';
import type { Json } from './evaluation.ts';
import type { Role } from './roles.ts';

/** Who did something: a key at that moment. `key_id` is null for the server itself, and where no keys are asked for. */
export type AuditActor = { readonly key_id: string | null; readonly name: string; readonly role: Role };

/** What was acted on, such as `{ type: 'alias', id: 'agent_…@production' }`. */
export type AuditSubject = { readonly type: string; readonly id: string };

/** What is said of one change, or of one attempt that was refused. */
export type AuditFact = {
  /** Noun and verb, such as `alias.moved`. */
  readonly action: string;
  readonly outcome: 'done' | 'refused';
  readonly actor: AuditActor;
  readonly subject: AuditSubject;
  /** Why, in the words of whoever did it, or of the server that refused; null when nobody said. */
  readonly reason: string | null;
  /** What the change replaced, and what it put there; null where there was nothing, or nothing changed. */
  readonly before: Json;
  readonly after: Json;
};

/** A fact in its place in the chain. */
export type AuditEntry = AuditFact & {
  readonly id: string;
  /** From 1, without gaps. */
  readonly seq: number;
  /** RFC 3339; never earlier than the entry before, even if the machine's clock was set back. */
  readonly at: string;
  /** The `hash` of the entry before; null for the first. */
  readonly previous_hash: string | null;
  /** SHA-256, in hexadecimal, of the canonical JSON of all other fields. */
  readonly hash: string;
};

/** Where a chain ends: what the next entry has to follow. */
export type AuditHead = { readonly seq: number; readonly hash: string | null; readonly at: string | null };

/** The head of a chain without entries. */
export const emptyChain: AuditHead = { seq: 0, hash: null, at: null };

/**
 * Puts a fact at the end of a chain. `now` is RFC 3339. What no database could give back as it was, halves of
 * characters and the character NUL, is replaced by U+FFFD before it is hashed.
 */
export function chainEntry(fact: AuditFact, place: { id: string; now: string; head: AuditHead }): AuditEntry {
  const { id, now, head } = place;
  const at = head.at !== null && head.at > now ? head.at : now;
  const open = { ...(storable(fact) as AuditFact), id, seq: head.seq + 1, at, previous_hash: head.hash };
  return { ...open, hash: contentHash(open) };
}

/** Whether an entry follows in a chain: the head that it leads to, or what is wrong with it. */
export type Link =
  | { readonly ok: true; readonly head: AuditHead }
  | { readonly ok: false; readonly seq: number; readonly problem: string };

/** Checks an entry against the head of the chain before it. */
export function checkEntry(entry: AuditEntry, head: AuditHead): Link {
  const { hash, ...open } = entry;
  const problem = problemOf(entry, head) ?? (contentHash(open) === hash ? null : 'its content was changed');
  if (problem !== null) return { ok: false, seq: head.seq + 1, problem };
  return { ok: true, head: { seq: entry.seq, hash, at: entry.at } };
}

function storable(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed().replaceAll('\0', '\ufffd');
  if (Array.isArray(value)) return value.map(storable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [storable(key), storable(member)]));
}

function problemOf(entry: AuditEntry, head: AuditHead): string | null {
  if (entry.seq !== head.seq + 1) return `it is missing; entry ${entry.seq} stands in its place`;
  if (entry.previous_hash !== head.hash) return 'it does not follow from the entry before';
  if (head.at !== null && entry.at < head.at) return 'it is older than the entry before';
  return null;
}
