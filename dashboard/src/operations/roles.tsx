import type { ReactNode } from 'react';
import type { Role } from '../shell/me.ts';

/** What each role adds to the one before it. */
export const roleMeanings: Readonly<Record<Role, string>> = {
  viewer: 'reads everything, but of keys and webhooks only what the audit log tells',
  editor: 'makes agents, versions, datasets, evals and sessions, and asks for promotions',
  reviewer: 'approves, rejects and overrides promotions of others',
  releaser: 'applies promotions, moves aliases and rolls back',
  admin: 'manages keys, webhooks and the policies of aliases, and makes backups',
};

/** What the roles are for, from least to most. */
export function RoleTable(): ReactNode {
  return (
    <section aria-labelledby="roles">
      <h2 id="roles">What the roles may do</h2>
      <p>
        Each may do what those before it may. Keys of one name are one person, who does not review their own.
      </p>
      <dl className="facts">
        {Object.entries(roleMeanings).map(([role, meaning]) => (
          <div key={role} className="fact">
            <dt>{role}</dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
