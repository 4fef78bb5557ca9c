import { Link, Outlet, useLocation } from '@tanstack/react-router';
import { type ReactNode, type RefObject, useEffect, useRef } from 'react';
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
  const content = useFocusOnArrival();
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
      <main id="content" tabIndex={-1} ref={content}>
        <Outlet />
      </main>
    </>
  );
}

/** Gives the focus to each page that somebody goes on to, since the link that led there may be gone with the last one. */
function useFocusOnArrival(): RefObject<HTMLElement | null> {
  const content = useRef<HTMLElement>(null);
  const pathname = useLocation({ select: (location) => location.pathname });
  const left = useRef(pathname);
  useEffect(() => {
    if (left.current === pathname) return;
    left.current = pathname;
    content.current?.focus({ preventScroll: true });
  }, [pathname]);
  return content;
}
