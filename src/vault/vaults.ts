import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import type { Audit } from '../access/audit.ts';
import type { Clock } from '../core/clock.ts';
import type { Ids } from '../core/ids.ts';
import type { Log } from '../core/log.ts';
import type { Store } from '../store/dialect.ts';
import type { Notify } from '../webhook/notify.ts';
import { createAsk } from './ask.ts';
import { createAuthorizations } from './authorizations.ts';
import { createCredentials } from './credentials.ts';
import { createHappenings } from './happenings.ts';
import { createRefreshes } from './refreshes.ts';
import { createRotation } from './rotation.ts';
import { createSealing } from './sealing.ts';
import { createSecretBox } from './secrets.ts';
import { createValidation } from './validation.ts';
import { createVaultSettings } from './vault-settings.ts';

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly audit: Audit;
  readonly notify: Notify;
  readonly randomBytes: (size: number) => Uint8Array;
  /** The key that secrets are encrypted with, 32 bytes in base64; null when none are kept. */
  readonly key: string | null;
  /** The key before; null when there is none. */
  readonly previous_key: string | null;
  /** Ends a request to a server that takes too long; asked for once for each. */
  readonly deadline: () => AbortSignal;
  /** Whether servers may be on this machine, in private networks, and on plain HTTP. */
  readonly allow_private: boolean;
};

const pauseMs = 500;

/** Puts the room together: vaults, what is in them, and what sessions get out of them. */
export function createVaults(deps: Deps) {
  const sealing = createSealing(deps);
  const box = createSecretBox(sealing);
  const happenings = createHappenings(deps);
  const { ask, close } = createAsk(deps);
  const parts = { ...deps, sealing, box, happenings, ask };
  const stopping = new AbortController();
  const pause = (): Promise<void> => wait(pauseMs, undefined, { signal: stopping.signal });
  const { refresh: refreshes, settled } = createRefreshes({ ...parts, pause });
  const rotate = createRotation({ ...parts, turn: () => nextTurn() });
  let rotation = Promise.resolve();
  return {
    ...createVaultSettings(parts),
    ...createAuthorizations({ ...parts, refreshes }),
    credentials: createCredentials(parts),
    /** Tries a credential at its server. */
    validate: createValidation({ ...parts, refreshes }),

    /** Brings secrets over from the key before, and reports what cannot be decrypted. Nobody needs to wait for it. */
    start(): Promise<void> {
      rotation = rotate(stopping.signal).catch((error: unknown) => {
        deps.log.error(
          { err: error },
          'Credentials could not be brought over to PAWL_VAULT_KEY; the next start tries again',
        );
      });
      return rotation;
    },

    /**
     * Ends that, and every request to other servers but those for new tokens: an answer that nobody hears leaves a
     * refresh token that is used up. Those have their deadline.
     */
    async stop(): Promise<void> {
      stopping.abort();
      await settled();
      close();
      await rotation;
    },
  };
}

export type Vaults = ReturnType<typeof createVaults>;
