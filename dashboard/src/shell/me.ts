import type { MeResponse } from '../../../src/api/wire/sign-in.ts';
import type { Role } from '../../../src/core/roles.ts';
import { useRead } from '../http/use-read.ts';

/** Who looks at these pages. */
export type Me = Omit<MeResponse, 'type'>;

export type { Role };

const ranks: readonly Role[] = ['viewer', 'editor', 'reviewer', 'releaser', 'admin'];

/** Who looks at these pages; undefined until it is known. */
export function useMe(): Me | undefined {
  return useRead<MeResponse>('/pawl/v1/me').data;
}

/** Whether somebody may do what asks for a role. The server decides; this spares them the attempt. */
export function mayActAs(me: Me | undefined, role: Role): boolean {
  return me !== undefined && ranks.indexOf(me.role) >= ranks.indexOf(role);
}
