/** What a key may do, from least to most. Each role may do all that those before it may. */
export const roles = ['viewer', 'editor', 'reviewer', 'releaser', 'admin'] as const;
export type Role = (typeof roles)[number];

/** What each role adds to the one before it. */
export const roleMeanings: Readonly<Record<Role, string>> = {
  viewer: 'reads everything, but of keys and webhooks only what the audit log tells',
  editor: 'makes agents, versions, datasets, evals and sessions, and asks for promotions',
  reviewer: 'approves, rejects and overrides promotions of others',
  releaser: 'applies promotions, moves aliases and rolls back',
  admin: 'manages keys, webhooks and the policies of aliases, and makes backups',
};

/** Whether somebody with this role may do what the other is needed for. */
export function mayActAs(role: Role, needed: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(needed);
}
