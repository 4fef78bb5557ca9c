import type { Telemetry } from '../core/telemetry.ts';
import type { Store } from './dialect.ts';
import { isUnavailable } from './unavailable.ts';

/** A store whose writes are measured. */
export function observedStore(store: Store, { metrics, elapsed }: Telemetry): Store {
  return {
    ...store,
    async write(work) {
      const began = elapsed();
      try {
        const result = await store.write(work);
        metrics.databaseWritten((elapsed() - began) / 1000);
        return result;
      } catch (error) {
        if (isUnavailable(error)) metrics.databaseFailed();
        throw error;
      }
    },
  };
}
