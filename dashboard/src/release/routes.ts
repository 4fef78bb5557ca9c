import { lazyRouteComponent } from '@tanstack/react-router';
import type { LazyPage } from '../parts/lazy-page.ts';

/** The pages about what moves an alias, by address. */
export const releasePages: readonly LazyPage[] = [
  ['/release', lazyRouteComponent(() => import('./promotion-list.tsx'), 'PromotionList')],
  ['/release/rollouts', lazyRouteComponent(() => import('./rollout-list.tsx'), 'RolloutList')],
  ['/release/audit', lazyRouteComponent(() => import('./audit/audit-list.tsx'), 'AuditList')],
  ['/release/promotions/new', lazyRouteComponent(() => import('./promotion/ask-page.tsx'), 'AskPage')],
  [
    '/release/promotions/$promotionId',
    lazyRouteComponent(() => import('./promotion/promotion-page.tsx'), 'PromotionPage'),
  ],
  [
    '/release/rollouts/$rolloutId',
    lazyRouteComponent(() => import('./rollout/rollout-page.tsx'), 'RolloutPage'),
  ],
  [
    '/agents/$agentId/aliases/$alias',
    lazyRouteComponent(() => import('./alias/alias-page.tsx'), 'AliasPage'),
  ],
];
