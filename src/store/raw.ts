import { CompiledQuery } from 'kysely';
import type { Handle } from './dialect.ts';

/** What an engine that brings its own statements runs them on. */
export type RawDatabase = {
  // biome-ignore lint/suspicious/noExplicitAny: the engine knows what its statements give.
  executeSql(text: string, values?: unknown[]): Promise<{ rows: any[] }>;
};

/** A handle, or the transaction that it is, for statements of somebody else. */
export function rawDatabase(handle: Handle): RawDatabase {
  return {
    async executeSql(text, values = []) {
      const { rows } = await handle.executeQuery(CompiledQuery.raw(text, values));
      return { rows };
    },
  };
}
