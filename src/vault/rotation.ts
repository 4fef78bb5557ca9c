import type { Log } from '../core/log.ts';
import type { Handle, Store } from '../store/dialect.ts';
import {
  type CredentialRow,
  listSealedWith,
  listSealingKeys,
  lockCredential,
  updateCredential,
} from '../store/vaults.ts';
import type { Sealing } from './sealing.ts';
import type { SecretBox } from './secrets.ts';

type Deps = {
  readonly store: Store;
  readonly log: Log;
  readonly sealing: Sealing;
  readonly box: SecretBox;
  /** Gives others a turn between two parts. */
  readonly turn: () => Promise<void>;
};

/** Few enough that nobody waits long for the database meanwhile. */
const together = 50;

/** Brings what is encrypted with the key before over to the key of now, and says what no key here opens. */
export function createRotation({ store, log, sealing, box, turn }: Deps) {
  async function renew(tx: Handle, id: string, keyId: string): Promise<boolean> {
    const row = await lockCredential(tx, store.dialect, id);
    if (row === null || row.key_id !== keyId) return true;
    const opened = box.open(row);
    if (!opened.ok) return false;
    await updateCredential(tx, id, box.seal(opened.secrets, row));
    return true;
  }

  /** Brings over one part after the other; how many there were, and how many of them cannot be opened. */
  async function renewAll(keyId: string, signal: AbortSignal): Promise<{ seen: number; broken: number }> {
    const done = { seen: 0, broken: 0 };
    for (let after = ''; !signal.aborted; await turn()) {
      const rows: CredentialRow[] = await listSealedWith(store.db, keyId, { after, limit: together });
      const last = rows.at(-1);
      if (last === undefined) break;
      const renewed = await store.write(async (tx) => {
        let good = 0;
        for (const { id } of rows) good += (await renew(tx, id, keyId)) ? 1 : 0;
        return good;
      });
      done.seen += rows.length;
      done.broken += rows.length - renewed;
      after = last.id;
    }
    return done;
  }

  return async (signal: AbortSignal): Promise<void> => {
    const { key_id, previous_key_id } = sealing;
    const hasBoth = key_id !== null && previous_key_id !== null && previous_key_id !== key_id;
    const { seen, broken } = hasBoth ? await renewAll(previous_key_id, signal) : { seen: 0, broken: 0 };
    if (signal.aborted) return;
    if (broken > 0)
      log.error({ credentials: broken }, 'Credentials cannot be decrypted, and stay as they are');
    const others = (await listSealingKeys(store.db)).filter((id) => id !== key_id);
    if (hasBoth) {
      log.info(
        { credentials: seen - broken },
        others.length === 0
          ? 'All credentials are encrypted with PAWL_VAULT_KEY; PAWL_VAULT_KEY_PREVIOUS can go'
          : 'These credentials were encrypted anew with PAWL_VAULT_KEY; there are others that were not',
      );
    }
    const strange = others.filter((id) => id !== previous_key_id);
    if (strange.length === 0) return;
    log.error(
      { keys: strange.length },
      'Credentials are encrypted with other keys than PAWL_VAULT_KEY, and cannot be used until those are set',
    );
  };
}
