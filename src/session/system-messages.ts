import type { Versions } from '../agent/versions.ts';
import { PawlError } from '../core/errors.ts';
import type { Router } from '../model/router.ts';
import { takesSystemMessages } from '../model/system-messages.ts';
import type { Store } from '../store/dialect.ts';
import { findSession } from '../store/sessions.ts';
import { sessionConfig } from './plan.ts';

type Deps = { readonly store: Store; readonly versions: Versions; readonly router: Router };

/**
 * Makes the check that a session's model takes system messages in the middle of a conversation. A session that there is
 * not passes: whoever writes to it says so.
 * @throws PawlError `model_does_not_support_mid_conversation_system`
 */
export function createSystemMessageCheck({ store, versions, router }: Deps) {
  return async (sessionId: string): Promise<void> => {
    const session = await findSession(store.db, sessionId);
    if (session === null) return;
    const { model } = await sessionConfig(versions, session);
    const route = router.route(model.id);
    if (route === null || takesSystemMessages(route.provider, route.model)) return;
    const message = `events: the model ${model.id} takes no system.message in the middle of a conversation`;
    throw new PawlError('model_does_not_support_mid_conversation_system', message);
  };
}
