import { lazyRouteComponent } from '@tanstack/react-router';
import type { LazyPage } from '../parts/lazy-page.ts';

/** The pages of this place by their addresses, each loaded when somebody goes there. */
export const operationsPages: readonly LazyPage[] = [
  ['/operations', lazyRouteComponent(() => import('./health-page.tsx'), 'HealthPage')],
  ['/operations/models', lazyRouteComponent(() => import('./models-page.tsx'), 'ModelsPage')],
  ['/operations/keys', lazyRouteComponent(() => import('./keys-page.tsx'), 'KeysPage')],
  ['/operations/webhooks', lazyRouteComponent(() => import('./webhooks/webhook-list.tsx'), 'WebhookList')],
  [
    '/operations/webhooks/dead',
    lazyRouteComponent(() => import('./webhooks/dead-page.tsx'), 'DeadDeliveriesPage'),
  ],
  [
    '/operations/webhooks/$webhookId',
    lazyRouteComponent(() => import('./webhooks/webhook-page.tsx'), 'WebhookPage'),
  ],
];
