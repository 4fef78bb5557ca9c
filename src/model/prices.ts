/** What tokens of a model cost, in US dollars per million. */
export type Price = {
  /** An exact model id, or the start of one followed by `*`. */
  readonly match: string;
  readonly input: number;
  readonly output: number;
  readonly cache_read: number;
  readonly cache_write: number;
};

type Tokens = {
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cache_read_tokens: number;
  readonly cache_write_tokens: number;
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
    const [input = Number.NaN, output = Number.NaN, read = input, write = input] = amounts.map(Number);
    const readable = amounts.every((amount) => /^\d+(\.\d+)?$/.test(amount));
    if (match === '' || match.slice(0, -1).includes('*') || !readable || ![2, 4].includes(amounts.length)) {
      throw new Error(
        `The price "${part.trim()}" must have the form "match=input/output" or "match=input/output/cache read/cache write", in dollars per million tokens.`,
      );
    }
    return { match, input, output, cache_read: read, cache_write: write };
  });
}

/** What these tokens cost in US dollars; null when the table has no price for the model. The first match wins. */
export function costOf(prices: readonly Price[], model: string, tokens: Tokens): number | null {
  const price = prices.find(({ match }) =>
    match.endsWith('*') ? model.startsWith(match.slice(0, -1)) : model === match,
  );
  if (price === undefined) return null;
  const sum =
    tokens.input_tokens * price.input +
    tokens.output_tokens * price.output +
    tokens.cache_read_tokens * price.cache_read +
    tokens.cache_write_tokens * price.cache_write;
  return sum / 1_000_000;
}
