import { Link, Outlet } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { OfflineWarning } from './offline-warning.tsx';
import { ThemeButton } from './theme-button.tsx';
import { WhoIsHere } from './who-is-here.tsx';

const places = [
  { to: '/agents', text: 'Agents' },
  { to: '/evaluations', text: 'Evaluations' },
  { to: '/datasets', text: 'Datasets' },
  { to: '/release', text: 'Release' },
  { to: '/sessions', text: 'Sessions' },
  { to: '/operations', text: 'Operations' },
] as const;

/** What surrounds every page. */
export function Layout(): ReactNode {
  return (
    <>
      <a className="skip" href="#content">
        Skip to the content
      </a>
      <header className="bar">
        <Link to="/agents" className="brand">
          Pawl
        </Link>
        <nav aria-label="Places">
          <ul>
            {places.map(({ to, text }) => (
              <li key={to}>
                <Link to={to} activeProps={{ 'aria-current': 'page' }}>
                  {text}
                </Link>
              </li>
            ))}
          </ul>
        </nav>
        <div className="row bar-end">
          <ThemeButton />
          <WhoIsHere />
        </div>
      </header>
      <OfflineWarning />
      <main id="content" tabIndex={-1}>
        <Outlet />
      </main>
    </>
  );
}
