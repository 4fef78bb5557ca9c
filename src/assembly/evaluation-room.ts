import type { EndpointAddress } from '../eval/endpoint.ts';
import { createEndpoints, parseEndpoints } from '../eval/endpoints.ts';
import { createEvaluation, type Evaluation } from '../eval/evaluation.ts';
import type { Config } from '../settings.ts';
import { packageVersion } from '../version.ts';
import type { Parts } from './parts.ts';
import { nameOf } from './providers.ts';

/** `own` is where this server is, once it listens. */
export function evaluationOf(
  config: Config,
  { router, prices, own, ...parts }: Parts & { readonly own: () => EndpointAddress },
): Evaluation {
  const named = parseEndpoints(config.eval_endpoints, config.eval_endpoint_keys);
  return createEvaluation({
    ...parts,
    endpoints: createEndpoints(named, own),
    prices: prices.table,
    servedHere: (model) => nameOf(router.route(model)),
    scorer_dir: config.scorer_dir,
    scorer_urls: config.scorer_urls?.split(',').map((part) => part.trim()) ?? [],
    pawl_version: packageVersion(),
  });
}
