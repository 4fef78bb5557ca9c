import type { Clock } from './clock.ts';

/** The prefix of each kind of id. The words before `_` are the API's own. */
export const idPrefixes = {
  agent: 'agent',
  environment: 'env',
  session: 'sesn',
  thread: 'sthr',
  event: 'sevt',
  request: 'req',
  file: 'file',
  vault: 'vlt',
  credential: 'vcrd',
  key: 'apikey',
  dataset: 'dset',
  dataset_revision: 'drev',
  case: 'case',
  eval: 'eval',
  eval_run: 'erun',
  comparison: 'cmp',
  calibration: 'calib',
  promotion: 'promo',
  review: 'rview',
  rollout: 'roll',
  score: 'score',
  shadow: 'shdw',
  audit_entry: 'aud',
  webhook: 'wbhk',
  webhook_event: 'whe',
  delivery: 'dlvr',
} as const;
export type IdKind = keyof typeof idPrefixes;

/** Gives a new id of a kind at each call: sortable by time of making, not guessable. */
export type Ids = { next(kind: IdKind): string };

// Base 58 in ASCII order, so that ids sort as text the way they were made; no letter looks like another.
const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const timeLength = 9;
const randomLength = 15;

/** Makes ids from a clock and a source of random bytes (88 random bits in each id). */
export function createIds(clock: Clock, randomBytes: (size: number) => Uint8Array): Ids {
  // A turn makes a dozen ids: to add up each letter by letter would be a twentieth of all the memory that it asks for.
  const letters = Buffer.alloc(timeLength + randomLength);
  return {
    next(kind) {
      let rest = clock.now();
      for (let i = timeLength - 1; i >= 0; i--) {
        letters[i] = alphabet.charCodeAt(rest % 58);
        rest = Math.floor(rest / 58);
      }
      const random = randomBytes(randomLength);
      for (let i = 0; i < randomLength; i++)
        letters[timeLength + i] = alphabet.charCodeAt((random[i] ?? 0) % 58);
      return `${idPrefixes[kind]}_${letters.toString('latin1')}`;
    },
  };
}

/** Text of `length` characters out of 58, from a source of random bytes. */
export function randomText(randomBytes: (size: number) => Uint8Array, length: number): string {
  let text = '';
  for (const byte of randomBytes(length)) text += alphabet.charAt(byte % 58);
  return text;
}

/** Whether a text has the shape of an id of this kind. Says nothing about whether such a thing exists. */
export function isId(kind: IdKind, text: string): boolean {
  const prefix = `${idPrefixes[kind]}_`;
  return text.startsWith(prefix) && /^[0-9A-Za-z]{1,64}$/.test(text.slice(prefix.length));
}

/** Every session has one primary thread from its creation; its id is derived from the session's. */
export function primaryThreadId(sessionId: string): string {
  return `${idPrefixes.thread}_${sessionId.slice(idPrefixes.session.length + 1)}`;
}
