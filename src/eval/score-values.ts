import type { Score } from './score.ts';

const maxReason = 1000;

/** A full score, which needs no words. */
export const right: Score = { value: 1, reason: null };

/** A score of 0. */
export function wrong(reason: string): Score {
  return { value: 0, reason };
}

/** No score, which is not a score of 0: the scorer could not tell. */
export function unscored(reason: string): Score {
  return { value: null, reason };
}

/** What a scorer says that needs a target, of a case that states none. */
export const noTarget: Score = unscored('the case has no target');

/** A score of 1 where `passes`, and of 0 with the reason where not. */
export function passOrFail(passes: boolean, reason: string): Score {
  return passes ? right : wrong(reason);
}

/**
 * Makes a score of what a user's own code or endpoint answers: a number from 0 to 1, true or false, or an object
 * `{value, reason}` with one of those, or null, as its value. Nothing is bent into shape: any other answer is
 * unscored, and the reason says what it was.
 */
export function scoreFrom(answer: unknown): Score {
  const isObject = typeof answer === 'object' && answer !== null && !Array.isArray(answer);
  const { value, reason } = isObject ? (answer as { value?: unknown; reason?: unknown }) : { value: answer };
  const words = typeof reason === 'string' && reason !== '' ? storable(reason) : null;
  if (isObject && value === null) return unscored(words ?? 'the scorer gave no value and no reason');
  const number = typeof value === 'boolean' ? Number(value) : value;
  if (typeof number !== 'number') {
    return unscored(`the scorer gave ${kindOf(value)}, not a number from 0 to 1`);
  }
  if (!(number >= 0 && number <= 1)) return unscored(`the scorer gave ${number}, which is not from 0 to 1`);
  return { value: number, reason: words };
}

/** A reason that any database can keep: well-formed, without NUL, at most 1,000 characters long. */
function storable(reason: string): string {
  return reason.slice(0, maxReason).toWellFormed().replaceAll('\0', '\uFFFD');
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (typeof value === 'string') return 'text';
  return Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`;
}

/** The first line of what was thrown, at most 300 characters of it, for a reason. */
export function firstLine(error: unknown): string {
  const message: unknown = error instanceof Error ? error.message : error;
  if (typeof message !== 'string') return 'something that is not an error';
  return (message.split('\n', 1)[0] ?? '').slice(0, 300);
}
