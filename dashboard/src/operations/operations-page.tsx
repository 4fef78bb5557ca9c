import type { ReactNode } from 'react';
import { Page } from '../parts/page.tsx';
import { Tabs } from '../parts/tabs.tsx';
import './operations.css';

const tabs = [
  { to: '/operations', text: 'Health' },
  { to: '/operations/models', text: 'Models' },
  { to: '/operations/keys', text: 'Keys and roles' },
  { to: '/operations/webhooks', text: 'Webhooks' },
  { to: '/operations/webhooks/dead', text: 'Deliveries given up' },
];

type Props = {
  readonly title: string;
  /** The list that it is from, where it is about one thing. */
  readonly under?: readonly { readonly text: string; readonly to: string }[];
  readonly actions?: ReactNode;
  readonly children: ReactNode;
};

/** A page for those who operate the server, and the way to the others. */
export function OperationsPage({ title, under = [], actions, children }: Props): ReactNode {
  return (
    <Page title={title} under={under} actions={actions}>
      <Tabs name="Operations" tabs={tabs} />
      {children}
    </Page>
  );
}
