import { PawlError } from '../core/errors.ts';
import { mayActAs, type Role } from '../core/roles.ts';
import type { MoveRow } from '../store/aliases.ts';
import { type AliasState, type Expectation, requireThere } from './alias-rules.ts';

/** What a rollback is asked to do. */
export type RollbackRequest = Expectation & {
  /** The version to go back to; undefined takes what the alias stood for before. */
  readonly to: number | undefined;
  /** Whether a version will do that the alias has never stood for; where the alias is protected, an admin's word. */
  readonly force: boolean;
  readonly role: Role;
};

/** What the alias's history says. */
export type RollbackHistory = {
  /** The last move; null before the first. */
  readonly last: MoveRow | null;
  /** The move that the last one goes back to; null when there is none. */
  readonly before: MoveRow | null;
  /** The last move to the version that was asked for; null when there was none, or none was asked for. */
  readonly named: MoveRow | null;
  /** The last rollback that took away the version that was asked for; null as before. */
  readonly taken: MoveRow | null;
};

/** Where a rollback goes, and the move that a further one would go back to. */
export type RollbackTarget = { readonly version: number; readonly before: number | null };

/**
 * Decides where a rollback goes: to the named version, or to the one below the current one in the history, where a
 * version that was rolled back from does not count.
 * @throws PawlError `alias_not_found`, `alias_moved`, `alias_held`, `never_live`, `permission`, `invalid_request`
 */
export function rollbackTarget(
  alias: AliasState,
  { from, to, force, role }: RollbackRequest,
  { last, before, named, taken }: RollbackHistory,
): RollbackTarget {
  if (alias.version === null || last === null) {
    throw new PawlError(
      'alias_not_found',
      `${alias.name} stands for no version, so there is nothing to roll back`,
    );
  }
  requireThere(alias, { from });
  if (to !== undefined) return targetNamed(alias, { to, force, role, last, named, taken });
  // Two people who press the button at once mean the same rollback.
  if (alias.hold !== null && from === undefined) {
    throw new PawlError(
      'alias_held',
      `${alias.name} was rolled back to version ${alias.version} by ${alias.hold.by} at ${alias.hold.since}; to go further back, name the version with to, or what is there now with from`,
    );
  }
  if (before !== null && before.to_version !== null)
    return { version: before.to_version, before: before.before };
  throw new PawlError(
    'never_live',
    `${alias.name} has stood for no other version than ${alias.version} that was not rolled back; name one with to`,
  );
}

function targetNamed(
  { name, version, policy }: AliasState,
  asked: { to: number; force: boolean; role: Role; last: MoveRow } & Pick<RollbackHistory, 'named' | 'taken'>,
): RollbackTarget {
  const { to, force, role, last, named, taken } = asked;
  if (to === version) throw new PawlError('invalid_request', `to: ${name} stands for version ${to} already`);
  const isGood = named !== null && (taken === null || taken.move < named.move);
  if (isGood) return { version: to, before: named.before };
  if (force && policy.protected && !mayActAs(role, 'admin')) {
    const message = `${name} is protected: forcing it past gate and reviewers needs an API key with the role admin`;
    throw new PawlError('permission', message);
  }
  if (force) return { version: to, before: last.before };
  const why =
    taken === null ? `${name} has never stood for version ${to}` : `version ${to} was itself rolled back`;
  throw new PawlError(
    'never_live',
    `to: ${why}, so nobody knows that it is good; promote it, or force the rollback`,
  );
}
