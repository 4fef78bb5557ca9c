import { describe, expect, test } from 'vitest';
import { noRequestUsage, noSessionUsage } from '../core/usage.ts';
import { parsePriceFile } from './price-table.ts';
import { createPrices } from './prices.ts';
import { parseRoutes, resolveRoute } from './routes.ts';

const routes = parseRoutes('offline=offline,local=openai:llama,gpt-*=openai,claude-*=anthropic');

function pricesOf(file: string) {
  return createPrices({ table: () => parsePriceFile(file), route: (id) => resolveRoute(routes, id) });
}

const usage = { ...noRequestUsage, input_tokens: 1_000_000 };
const openai = (model: string, agent_model: string, used = usage) => ({
  ...{ provider: 'openai', model, agent_model },
  usage: used,
});

describe('A request', () => {
  test('costs what the model costs that has answered', () => {
    const prices = pricesOf('{llama: {input: 1, output: 2}, local: {input: 9, output: 9}}');
    expect(prices.costOf(openai('llama', 'local'))).toBe(1);
  });

  test('costs what the model costs that was asked, where the one that answered has no price', () => {
    const prices = pricesOf('{gpt-5: {input: 3, output: 2}}');
    expect(prices.costOf(openai('gpt-5-2026-01-01', 'gpt-5'))).toBe(3);
    expect(prices.costOf(openai('gpt-6', 'gpt-6'))).toBeNull();
  });

  test('is not priced by an id that leads elsewhere', () => {
    const prices = pricesOf('{local: {input: 9, output: 9}}');
    expect(prices.costOf(openai('llama', 'local'))).toBeNull();
    expect(prices.hasPrice('local')).toBe(false);
  });

  test('counts each kind of token', () => {
    const prices = pricesOf(
      '{gpt-5: {input: 1, output: 2, cache_read: 4, cache_write: 8, cache_write_1h: 16}}',
    );
    const all = {
      ...{ input_tokens: 1_000_000, output_tokens: 1_000_000 },
      ...{ cache_read_input_tokens: 1_000_000, cache_creation_input_tokens: 1_000_000 },
    };
    expect(prices.costOf(openai('gpt-5', 'gpt-5', all))).toBe(15);
  });
});

test('A session costs what its tokens cost of the model that its agent leads to', () => {
  const prices = pricesOf('{llama: {input: 1, output: 2, cache_write: 8, cache_write_1h: 16}}');
  const cache_creation = { ephemeral_5m_input_tokens: 1_000_000, ephemeral_1h_input_tokens: 1_000_000 };
  const whole = { ...noSessionUsage, input_tokens: 1_000_000, cache_creation };
  expect(prices.costOfSession('local', whole)).toBe(25);
  expect(prices.costOfSession('gpt-5', whole)).toBeNull();
  expect(prices.costOfSession('unrouted', whole)).toBeNull();
});

test('Whether a model has a price is said of where it leads, and the embedded one costs nothing', () => {
  const prices = pricesOf('{llama: {input: 1, output: 2}, "claude-*": {input: 1, output: 2}}');
  const said = ['local', 'claude-9', 'gpt-5', 'unrouted', 'offline'].map((id) => prices.hasPrice(id));
  expect(said).toEqual([true, true, false, false, true]);
  const offline = { provider: 'offline', model: 'offline', agent_model: 'offline', usage };
  expect(prices.costOf(offline)).toBe(0);
});
