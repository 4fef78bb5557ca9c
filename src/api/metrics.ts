import type { App } from './http.ts';

/** What can be read by Prometheus. */
export type MetricsText = () => Promise<string>;

/** The metrics, for whoever may read everything else: Prometheus sends the key as a header, or as a bearer token. */
export function metricsRoute(app: App, deps: { readonly metricsText: MetricsText }): void {
  app.get('/metrics', { config: { role: 'viewer', unlimited: true } }, async (_request, reply) => {
    const text = await deps.metricsText();
    return reply
      .type('text/plain; version=0.0.4; charset=utf-8')
      .header('cache-control', 'no-store')
      .send(text);
  });
}
