import type { ReactNode } from 'react';
import { Tabs } from '../parts/tabs.tsx';

const places = [
  { to: '/release', text: 'Promotions' },
  { to: '/release/rollouts', text: 'Rollouts' },
  { to: '/release/audit', text: 'Audit log' },
] as const;

/** The lists of this place, one beside the other. */
export function ReleasePlaces(): ReactNode {
  return <Tabs name="Release" tabs={places} />;
}
