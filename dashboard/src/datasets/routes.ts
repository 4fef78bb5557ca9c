import { lazyRouteComponent } from '@tanstack/react-router';
import type { LazyPage } from '../parts/lazy-page.ts';

/** The pages of this place by their addresses, each loaded when somebody goes there. */
export const datasetPages: readonly LazyPage[] = [
  ['/datasets', lazyRouteComponent(() => import('./dataset-list.tsx'), 'DatasetList')],
  ['/datasets/new', lazyRouteComponent(() => import('./import-page.tsx'), 'ImportPage')],
  ['/datasets/$datasetId', lazyRouteComponent(() => import('./cases-page.tsx'), 'CasesPage')],
  [
    '/datasets/$datasetId/revisions',
    lazyRouteComponent(() => import('./revisions-page.tsx'), 'RevisionsPage'),
  ],
  ['/datasets/$datasetId/changes', lazyRouteComponent(() => import('./changes-page.tsx'), 'ChangesPage')],
  ['/datasets/$datasetId/evals', lazyRouteComponent(() => import('./evals-page.tsx'), 'DatasetEvalsPage')],
];
