import { parseDocument } from 'yaml';
import { z } from 'zod';
import { firstMatch, type ModelMatch } from './model-match.ts';

/** What tokens of a model cost, in US dollars per million. */
export type Price = ModelMatch & {
  readonly input: number;
  readonly output: number;
  readonly cache_read: number;
  /** Written to a cache that keeps it for five minutes. */
  readonly cache_write: number;
  /** Written to a cache that keeps it for an hour. */
  readonly cache_write_1h: number;
};

/** Tokens that are paid for. */
export type PaidTokens = {
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cache_read_tokens: number;
  readonly cache_write_tokens: number;
  /** Of a cache of an hour; absent means none. */
  readonly cache_write_1h_tokens?: number;
};

/**
 * Reads a table such as `claude-sonnet-*=3/15/0.3/3.75,*=1/2`. Without cache prices, cached tokens cost as much as
 * input. Throws an Error whose sentence names the part that cannot be read.
 */
export function parsePrices(text: string): Price[] {
  return text.split(',').map((part) => {
    const cut = part.indexOf('=');
    const match = part.slice(0, Math.max(0, cut)).trim();
    const amounts = part
      .slice(cut + 1)
      .split('/')
      .map((amount) => amount.trim());
    const [input = Number.NaN, output = Number.NaN, read, write] = amounts.map(Number);
    const readable = amounts.every((amount) => /^\d+(\.\d+)?$/.test(amount));
    if (!isMatch(match) || !readable || ![2, 4].includes(amounts.length)) {
      throw new Error(
        `The price "${part.trim()}" must have the form "match=input/output" or "match=input/output/cache read/cache write", in dollars per million tokens.`,
      );
    }
    return wholePrice(match, { input, output, cache_read: read, cache_write: write });
  });
}

const mostDollars = 1_000_000;
const amount = z
  .number('must be a number')
  .min(0, 'must not be below 0')
  .max(mostDollars, `must be at most ${mostDollars}`);

const fileRow = z.strictObject({
  input: amount,
  output: amount,
  cache_read: amount.optional(),
  cache_write: amount.optional(),
  cache_write_1h: amount.optional(),
});

/**
 * Reads a file of prices, in YAML or JSON: a map from what matches model ids to what their tokens cost, in the order
 * in which the file has them. Throws an Error whose sentence names the line, or the row and the field, that is wrong.
 */
export function parsePriceFile(text: string): Price[] {
  const document = parseDocument(text);
  const [problem] = document.errors;
  if (problem !== undefined) throw new Error(problem.message.split('\n')[0]?.replace(/:$/, ''));
  // Unlike an object, a Map keeps the order of keys that look like numbers.
  const rows: unknown = document.toJS({ mapAsMap: true }) ?? new Map();
  if (!(rows instanceof Map)) throw new Error('it has to be a map from model ids to prices');
  return [...rows].map(([match, row]: [unknown, unknown]) => readRow(match, row));
}

function readRow(match: unknown, row: unknown): Price {
  if (typeof match !== 'string' || !isMatch(match)) {
    throw new Error(`${String(match)}: must be a model id, or the start of one followed by *, in quotes`);
  }
  const parsed = fileRow.safeParse(row instanceof Map ? Object.fromEntries(row) : row);
  if (parsed.success) return wholePrice(match, parsed.data);
  const [issue] = parsed.error.issues;
  const place = [match, ...(issue?.path ?? [])].join('.');
  throw new Error(
    `${place}: ${issue?.message ?? 'cannot be read'} (input, output, cache_read, cache_write and cache_write_1h are dollars per million tokens)`,
  );
}

function isMatch(match: string): boolean {
  return match !== '' && !match.slice(0, -1).includes('*');
}

/** A price with what is left out: cached tokens cost as much as input, and an hour in the cache as much as five minutes. */
function wholePrice(
  match: string,
  given: {
    readonly input: number;
    readonly output: number;
    readonly cache_read?: number | undefined;
    readonly cache_write?: number | undefined;
    readonly cache_write_1h?: number | undefined;
  },
): Price {
  const { input, output, cache_read = input, cache_write = input, cache_write_1h = cache_write } = given;
  return { match, input, output, cache_read, cache_write, cache_write_1h };
}

/**
 * What tokens of whoever answered cost in US dollars; null when the table has no price for the model, as its provider
 * knows it. The first match wins. The embedded model costs nothing, whatever the table says.
 */
export function costOf(
  prices: readonly Price[],
  by: { readonly provider: string | null; readonly model: string },
  tokens: PaidTokens,
): number | null {
  if (by.provider === 'offline') return 0;
  const price = firstMatch(prices, by.model);
  if (price === undefined) return null;
  const sum =
    tokens.input_tokens * price.input +
    tokens.output_tokens * price.output +
    tokens.cache_read_tokens * price.cache_read +
    tokens.cache_write_tokens * price.cache_write +
    (tokens.cache_write_1h_tokens ?? 0) * price.cache_write_1h;
  return sum / 1_000_000;
}
