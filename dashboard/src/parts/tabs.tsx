import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import './tabs.css';

export type Tab = { readonly to: string; readonly text: string };

/** Pages that belong together, one beside the other; the one that is open is marked. */
export function Tabs({ name, tabs }: { readonly name: string; readonly tabs: readonly Tab[] }): ReactNode {
  return (
    <nav aria-label={name} className="tabs">
      {tabs.map(({ to, text }) => (
        <Link key={to} to={to} activeOptions={{ exact: true, includeSearch: false }}>
          {text}
        </Link>
      ))}
    </nav>
  );
}
