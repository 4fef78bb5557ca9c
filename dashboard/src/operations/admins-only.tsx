import type { ReactNode } from 'react';
import { mayActAs, useMe } from '../shell/me.ts';

type Props = {
  /** What it is about, such as `keys`. */
  readonly what: string;
  readonly children: ReactNode;
};

/** Shows something to admins, and tells others why they do not see it. */
export function AdminsOnly({ what, children }: Props): ReactNode {
  const me = useMe();
  if (me === undefined) return null;
  if (mayActAs(me, 'admin')) return children;
  return (
    <p className="notice" role="note">
      Only admins see and change {what}, and {me.name} is here as {me.role}. An admin can make a key with
      another role; what happened to {what} stands in the audit log.
    </p>
  );
}

/** Why somebody may not do what only admins may; null when they may. */
export function useWhyNoAdmin(): string | null {
  return mayActAs(useMe(), 'admin') ? null : 'Only admins may';
}
