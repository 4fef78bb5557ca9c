import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Page } from '../parts/page.tsx';

/** An address that leads nowhere. */
export function NothingHere(): ReactNode {
  return (
    <Page title="Nothing here">
      <p>
        This address leads to no page. <Link to="/agents">All agents</Link>
      </p>
    </Page>
  );
}
