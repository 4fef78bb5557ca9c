import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { createQueries } from './http/queries.ts';
import { createPages } from './router.tsx';
import { applyTheme, savedTheme } from './shell/theme.ts';
import './style/base.css';
import './style/parts.css';
import './style/shell.css';

applyTheme(savedTheme());
const queries = createQueries(async () => {
  await pages.navigate({ to: '/sign-in', search: { next: whereWeAre() } });
  // The way back shows nothing of it to whoever comes next.
  queries.clear();
});
const pages = createPages(queries);

const root = document.getElementById('root');
if (root === null) throw new Error('The page has no place for the dashboard');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <RouterProvider router={pages} />
    </QueryClientProvider>
  </StrictMode>,
);

/** The address that is shown, for after the sign-in. */
function whereWeAre(): string {
  const { pathname, search } = window.location;
  return pathname === '/sign-in' ? '/' : pathname + search;
}
