/** What came of asking a bucket for a token. Times are in milliseconds. */
export type Taken =
  | {
      readonly kind: 'taken';
      /** When the bucket is full again. It is all that has to be remembered of it. */
      readonly full_at: number;
      /** How many whole tokens are left. */
      readonly remaining: number;
    }
  | {
      readonly kind: 'refused';
      readonly full_at: number;
      /** How long until there is a token, above 0. */
      readonly wait_ms: number;
    };

const minuteMs = 60_000;
/** Of what is added up from fractions, the last token may be short by less than anybody could measure. */
const short = 1e-3;

/**
 * Takes a token from a bucket that holds a minute's worth, `per_minute` of them, and is filled evenly. So much may be
 * taken at once, and after that one for each that has come in. `now` is by a clock that is never set back; `full_at`
 * is what the last taking gave, 0 for a bucket that is new.
 *
 * The bucket is kept as the one time at which it is full, as in the generic cell rate algorithm (ITU-T I.371).
 */
export function takeToken(bucket: {
  readonly full_at: number;
  readonly per_minute: number;
  readonly now: number;
}): Taken {
  const { per_minute, now } = bucket;
  const full_at = Math.max(bucket.full_at, now);
  const token_ms = minuteMs / per_minute;
  const held = (minuteMs - (full_at - now)) / token_ms;
  if (held < 1 - short) return { kind: 'refused', full_at, wait_ms: (1 - held) * token_ms };
  return { kind: 'taken', full_at: full_at + token_ms, remaining: Math.floor(held + short) - 1 };
}
