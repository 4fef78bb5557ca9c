import { PawlError } from '../core/errors.ts';
import type { AliasHold, AliasPolicy } from '../core/release.ts';
import { mayActAs, type Role } from '../core/roles.ts';

/** What an alias is before somebody moves it. */
export type AliasState = {
  readonly name: string;
  readonly version: number | null;
  readonly hold: AliasHold | null;
  readonly policy: AliasPolicy;
  /** The rollout that it has; null when there is none. */
  readonly rollout: { readonly id: string } | null;
};

/** What the caller believes the alias to stand for: null for nothing, undefined when it was not said. */
export type Expectation = { readonly from: number | null | undefined };

/** @throws PawlError `alias_moved`, with what is there now. */
export function requireThere({ name, version }: AliasState, { from }: Expectation): void {
  if (from === undefined || from === version) return;
  const there = version === null ? 'stands for no version' : `stands for version ${version}`;
  const believed = from === null ? 'no version' : `version ${from}`;
  throw new PawlError('alias_moved', `from: ${name} ${there}, not for ${believed}; look again and repeat`);
}

/** @throws PawlError `alias_held` */
function requireFree({ name, hold }: AliasState): void {
  if (hold === null) return;
  throw new PawlError(
    'alias_held',
    `${name} has been held since ${hold.since}, when ${hold.by} rolled it back (${hold.reason}); a releaser has to release it first`,
  );
}

/** @throws PawlError `rollout_running` */
export function requireNoRollout({ name, rollout }: Pick<AliasState, 'name' | 'rollout'>): void {
  if (rollout === null) return;
  const message = `${name} is being rolled out by ${rollout.id}; wait for its end, or abort it or roll it back`;
  throw new PawlError('rollout_running', message);
}

/** @throws PawlError `permission`, `alias_moved`, `alias_held`, `rollout_running`, `alias_protected` */
export function requireSettable(
  alias: AliasState,
  { from, role }: Expectation & { readonly role: Role },
): void {
  const needed = alias.policy.protected ? 'releaser' : 'editor';
  if (!mayActAs(role, needed)) {
    throw new PawlError('permission', `Setting ${alias.name} needs an API key with the role ${needed}`);
  }
  requireThere(alias, { from });
  requireFree(alias);
  requireNoRollout(alias);
  if (!alias.policy.protected || alias.version === null) return;
  throw new PawlError(
    'alias_protected',
    `${alias.name} is protected: it moves by promotion, and back by rollback`,
  );
}
