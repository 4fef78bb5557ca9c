import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import './release.css';

const places = [
  { to: '/release', text: 'Promotions' },
  { to: '/release/rollouts', text: 'Rollouts' },
  { to: '/release/audit', text: 'Audit log' },
] as const;

/** The lists of this place, one beside the other. */
export function ReleasePlaces(): ReactNode {
  return (
    <nav aria-label="Release" className="places">
      {places.map(({ to, text }) => (
        <Link key={to} to={to} activeOptions={{ exact: true, includeSearch: false }}>
          {text}
        </Link>
      ))}
    </nav>
  );
}
