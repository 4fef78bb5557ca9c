import type { ReactNode } from 'react';
import { Tabs } from '../parts/tabs.tsx';
import './evaluations.css';

const places = [
  { to: '/evaluations', text: 'Runs' },
  { to: '/evaluations/comparisons', text: 'Comparisons' },
] as const;

/** The lists of this place, one beside the other. */
export function EvaluationPlaces(): ReactNode {
  return <Tabs name="Evaluations" tabs={places} />;
}
