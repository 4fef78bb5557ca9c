import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';

/** Something that was encrypted, and the name of the key that opens it. */
export type Sealed = { readonly sealed: string; readonly key_id: string };

/** What was encrypted, or why it cannot be told: its key is not here, or it is not what was written. */
export type Opened =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly why: 'other_key' | 'broken' };

type Deps = {
  /** 32 bytes in base64; null when secrets cannot be kept. */
  readonly key: string | null;
  /** The key before, which is read with and not written with; null when there is none. */
  readonly previous_key: string | null;
  readonly randomBytes: (size: number) => Uint8Array;
};

const algorithm = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;
const form = 'v1.';

/**
 * Encrypts and decrypts with AES-256-GCM (NIST SP 800-38D), under a new random nonce each time. What is encrypted is
 * bound to a list of texts, such as ids, and opens with the same list only.
 */
export function createSealing({ key, previous_key, randomBytes }: Deps) {
  const current = keyOf(key);
  const previous = keyOf(previous_key);

  function decrypt(bytes: Buffer, text: string, bound: readonly string[]): string {
    const body = Buffer.from(text.slice(form.length), 'base64');
    const decipher = createDecipheriv(algorithm, bytes, body.subarray(0, nonceBytes), {
      authTagLength: tagBytes,
    });
    decipher.setAAD(boundBytes(bound));
    decipher.setAuthTag(body.subarray(nonceBytes, nonceBytes + tagBytes));
    const start = decipher.update(body.subarray(nonceBytes + tagBytes));
    return Buffer.concat([start, decipher.final()]).toString();
  }

  return {
    /** The name of the key that is written with; null when there is none. */
    key_id: current?.id ?? null,
    /** The name of the key before; null when there is none. */
    previous_key_id: previous?.id ?? null,

    /** Encrypts a text; null when there is no key. */
    seal(text: string, bound: readonly string[]): Sealed | null {
      if (current === null) return null;
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv(algorithm, current.bytes, nonce, { authTagLength: tagBytes });
      cipher.setAAD(boundBytes(bound));
      const body = Buffer.concat([cipher.update(text), cipher.final()]);
      const whole = Buffer.concat([nonce, cipher.getAuthTag(), body]);
      return { sealed: form + whole.toString('base64'), key_id: current.id };
    },

    /** Decrypts what {@link seal} gave for the same list of texts. */
    open({ sealed, key_id }: Sealed, bound: readonly string[]): Opened {
      const found = [current, previous].find((one) => one?.id === key_id) ?? null;
      if (found === null) return { ok: false, why: 'other_key' };
      try {
        return { ok: true, text: decrypt(found.bytes, sealed, bound) };
      } catch {
        return { ok: false, why: 'broken' };
      }
    },
  };
}

export type Sealing = ReturnType<typeof createSealing>;

function keyOf(text: string | null): { readonly id: string; readonly bytes: Buffer } | null {
  if (text === null) return null;
  const bytes = Buffer.from(text, 'base64');
  // Names the key and tells nothing of it.
  const id = createHmac('sha256', bytes).update('pawl vault key').digest('hex').slice(0, 16);
  return { id, bytes };
}

function boundBytes(bound: readonly string[]): Buffer {
  return Buffer.from(JSON.stringify(bound));
}
