import { lazyRouteComponent } from '@tanstack/react-router';

/** The pages of this place, by their addresses. */
export const evaluationPages: readonly (readonly [string, ReturnType<typeof lazyRouteComponent>])[] = [
  ['/evaluations', lazyRouteComponent(() => import('./run-list.tsx'), 'RunList')],
  ['/evaluations/comparisons', lazyRouteComponent(() => import('./comparison-list.tsx'), 'ComparisonList')],
  ['/evaluations/new', lazyRouteComponent(() => import('./new-page.tsx'), 'NewPage')],
  ['/evaluations/runs/$runId', lazyRouteComponent(() => import('./run-page.tsx'), 'RunPage')],
  [
    '/evaluations/comparisons/$comparisonId',
    lazyRouteComponent(() => import('./comparison-page.tsx'), 'ComparisonPage'),
  ],
];
