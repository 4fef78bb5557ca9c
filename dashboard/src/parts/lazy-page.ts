import type { lazyRouteComponent } from '@tanstack/react-router';

/** The address of a page, and the page, which is loaded when somebody goes there. */
export type LazyPage = readonly [path: string, component: ReturnType<typeof lazyRouteComponent>];
