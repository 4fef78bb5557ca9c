import type { PromotionResponse } from '../../api/promotions.ts';
import { callServer, type ServerAccess } from '../api-client.ts';

/** What can be done to a promotion. */
export type PromotionVerb = 'evaluate' | 'reviews' | 'withdraw' | 'apply';

/** For a promotion whose dataset is large, beginning its evidence takes a while. */
const timeoutMs = 60_000;

/** A promotion as it is now, with what it lacks. @throws CommandError */
export async function retrievePromotion(server: ServerAccess, id: string): Promise<PromotionResponse> {
  return callServer<PromotionResponse>(server, { method: 'GET', path: promotionPath(id) });
}

/** Does something to a promotion, and gives what it is then. @throws CommandError */
export async function changePromotion(
  server: ServerAccess,
  id: string,
  { verb, body }: { readonly verb: PromotionVerb; readonly body: object },
): Promise<PromotionResponse> {
  return callServer<PromotionResponse>(server, {
    ...{ method: 'POST', path: `${promotionPath(id)}/${verb}`, body },
    signal: AbortSignal.timeout(timeoutMs),
  });
}

/** Asks for a promotion. @throws CommandError */
export async function createPromotion(server: ServerAccess, body: object): Promise<PromotionResponse> {
  return callServer<PromotionResponse>(server, {
    ...{ method: 'POST', path: '/pawl/v1/promotions', body },
    signal: AbortSignal.timeout(timeoutMs),
  });
}

function promotionPath(id: string): string {
  return `/pawl/v1/promotions/${encodeURIComponent(id)}`;
}
