import { useRead } from '../http/use-read.ts';

/** Who looks at these pages, as `GET /pawl/v1/me` tells. */
export type Me = {
  readonly key_id: string | null;
  readonly name: string;
  readonly role: Role;
  /** How the server knows: a sign-in, a key, or nobody is asked for one. */
  readonly how: 'sign_in' | 'key' | 'no_key';
  readonly expires_at: string | null;
};

/** What somebody may do, each including those before. */
export type Role = 'viewer' | 'editor' | 'reviewer' | 'releaser' | 'admin';

const ranks: readonly Role[] = ['viewer', 'editor', 'reviewer', 'releaser', 'admin'];

/** Who looks at these pages; undefined until it is known. */
export function useMe(): Me | undefined {
  return useRead<Me>('/pawl/v1/me').data;
}

/** Whether somebody may do what asks for a role. The server decides; this spares them the attempt. */
export function mayActAs(me: Me | undefined, role: Role): boolean {
  return me !== undefined && ranks.indexOf(me.role) >= ranks.indexOf(role);
}
