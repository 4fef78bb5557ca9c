import { wholeIds } from './model-match.ts';
import type { Prices } from './prices.ts';
import type { Router } from './router.ts';
import type { ResolvedRoute } from './routes.ts';

/** A model id that this server serves. */
export type ServedModel = {
  readonly id: string;
  readonly served_by: ResolvedRoute;
  /** Whether there is a price for it. */
  readonly priced: boolean;
};

/** A part of the list: behind an id, before an id, or from the start. */
export type ModelPageRequest = {
  readonly limit: number;
  readonly after_id: string | null;
  readonly before_id: string | null;
};

/** `has_more` is about the side to which the request goes on. */
export type ModelPage = { readonly data: readonly ServedModel[]; readonly has_more: boolean };

type Deps = {
  readonly router: Pick<Router, 'route' | 'named'>;
  readonly prices: Pick<Prices, 'table' | 'hasPrice'>;
  /** The model ids that agents have. */
  readonly agentModels: () => Promise<readonly string[]>;
};

/**
 * The models of a server. A route may serve every id that begins alike, and nobody knows all of those: the list has the
 * ids that somebody has written out, in a route, in a price or in an agent, as far as a route serves them.
 */
export function createCatalog({ router, prices, agentModels }: Deps) {
  function find(id: string): ServedModel | null {
    const served_by = router.route(id);
    return served_by === null ? null : { id, served_by, priced: prices.hasPrice(id) };
  }

  return {
    /** A model by an id that a route serves, listed or not; null when none does. */
    find,

    /** A page of the list, sorted by id. An id that is not listed any more still says where to go on. */
    async list({ limit, after_id, before_id }: ModelPageRequest): Promise<ModelPage> {
      const ids = new Set([...router.named, ...wholeIds(prices.table()), ...(await agentModels())]);
      const models = [...ids].toSorted().flatMap((id) => find(id) ?? []);
      if (before_id !== null) {
        const before = models.filter(({ id }) => id < before_id);
        return { data: before.slice(-limit), has_more: before.length > limit };
      }
      const rest = after_id === null ? models : models.filter(({ id }) => id > after_id);
      return { data: rest.slice(0, limit), has_more: rest.length > limit };
    },
  };
}

export type Catalog = ReturnType<typeof createCatalog>;
