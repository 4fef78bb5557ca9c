import { z } from 'zod';
import { formatTime } from '../../core/clock.ts';
import type { ServedModel } from '../../model/catalog.ts';
import type { ResolvedRoute } from '../../model/routes.ts';
import { limit, list, lookup } from './fields.ts';

const lifecycles = ['active', 'deprecated', 'retired'] as const;

export const modelListQuery = z
  .strictObject({
    limit: limit(20, 1000),
    after_id: lookup.optional(),
    before_id: lookup.optional(),
    lifecycle: list(z.enum(lifecycles)),
  })
  .refine(({ after_id, before_id }) => after_id === undefined || before_id === undefined, {
    path: ['after_id'],
    message: 'must not be given beside before_id',
  });

/** A model as answers carry it. What nobody has told this server is null. */
export type ModelResponse = {
  readonly id: string;
  readonly type: 'model';
  readonly display_name: string;
  readonly created_at: string;
  readonly lifecycle: 'active';
  readonly line: null;
  readonly max_input_tokens: null;
  readonly max_tokens: null;
  readonly capabilities: null;
  readonly allowed_fallback_models: null;
  readonly deprecated_at: null;
  readonly retires_at: null;
  readonly pawl: {
    readonly served_by: ResolvedRoute;
    /** Whether what it costs is known, as a budget needs it. */
    readonly priced: boolean;
  };
};

/** What the SDKs take for a release that nobody knows the time of. */
const unknownTime = formatTime(0);

export function modelResponse({ id, served_by, priced }: ServedModel): ModelResponse {
  return {
    ...{ id, type: 'model', display_name: id, created_at: unknownTime, lifecycle: 'active', line: null },
    ...{ max_input_tokens: null, max_tokens: null, capabilities: null, allowed_fallback_models: null },
    ...{ deprecated_at: null, retires_at: null, pawl: { served_by, priced } },
  };
}
