import { plainLines } from '../core/plain-text.ts';

/** Something that a user can act on. The message is the one sentence that is printed. */
export class CommandError extends Error {}

/** The user has stopped the command; nothing needs to be said about it. */
export class InterruptedError extends Error {}

/**
 * What to print for whatever was thrown: one sentence, with its full stop. It may be a server's, or have names in it that
 * anybody has chosen, so that nothing in it does anything to a terminal.
 */
export function sentenceOf(error: unknown): string {
  const text = plainLines(firstMessage(error)).trim();
  return /[.!?)`]$/.test(text) ? text : `${text}.`;
}

function firstMessage(error: unknown): string {
  // A connection that failed on several addresses says nothing itself.
  if (error instanceof AggregateError && error.message === '') return firstMessage(error.errors[0]);
  if (error instanceof Error) return error.message === '' ? error.name : error.message;
  return String(error);
}

/** Why a request got no answer, in a word or two: the system's own code where there is one. */
export function networkReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'no answer in time';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error.cause === undefined ? error.message : networkReason(error.cause);
}
