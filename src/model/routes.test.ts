import { describe, expect, test } from 'vitest';
import { checkRoutes, defaultRoutes, parseRoutes, resolveRoute } from './routes.ts';

describe('parseRoutes', () => {
  test('reads exact ids, prefixes and renamed models, keeping the colons of a model id', () => {
    expect(parseRoutes('claude-*=anthropic, gpt-5=openai ,*=openai:llama3.1:8b')).toEqual([
      { match: 'claude-*', provider: 'anthropic', model: null },
      { match: 'gpt-5', provider: 'openai', model: null },
      { match: '*', provider: 'openai', model: 'llama3.1:8b' },
    ]);
  });

  test.each([
    ['', 'The model route "" must have the form "match=provider" or "match=provider:model".'],
    ['*=openai,', 'The model route "" must have the form "match=provider" or "match=provider:model".'],
    [
      'claude-*=anthropic,openai',
      'The model route "openai" must have the form "match=provider" or "match=provider:model".',
    ],
    ['=openai', 'The model route "=openai" has no model id before the "=".'],
    ['a*b=openai', 'The model route "a*b=openai" may have a "*" only at the end of the model id.'],
    [
      '*=bedrock:x',
      'The model route "*=bedrock:x" names the provider "bedrock"; known are anthropic, openai, offline.',
    ],
    ['*=openai:', 'The model route "*=openai:" has no model id after the ":".'],
  ])('names the part of %j that it cannot read', (text, message) => {
    expect(() => parseRoutes(text)).toThrow(new Error(message));
  });
});

describe('defaultRoutes', () => {
  const both = { anthropic: true, openai: true };
  const neither = { anthropic: false, openai: false };

  test.each([
    [both, 'claude-opus-5', 'anthropic', 'route claude-*=anthropic'],
    [both, 'llama3.1', 'openai', 'route *=openai'],
    [both, 'offline', 'offline', 'route offline=offline'],
    [{ ...both, openai: false }, 'llama3.1', 'anthropic', 'anthropic is the only configured provider'],
    [{ ...both, anthropic: false }, 'claude-opus-5', 'openai', 'openai is the only configured provider'],
    [neither, 'claude-opus-5', 'offline', 'no provider is configured'],
    [neither, 'offline', 'offline', 'route offline=offline'],
  ])('with %j leads %s to %s', (configured, model, provider, because) => {
    const routes = defaultRoutes(configured);
    expect(() => checkRoutes(routes, configured)).not.toThrow();
    expect(resolveRoute(routes, model)).toEqual({ provider, model, because });
  });
});

describe('resolveRoute', () => {
  test('takes the first route that matches, and an exact one only for the whole id', () => {
    const routes = parseRoutes('gpt-5=openai,gpt-*=openai:small,claude-*=anthropic');
    expect(resolveRoute(routes, 'gpt-5')?.model).toBe('gpt-5');
    expect(resolveRoute(routes, 'gpt-5-mini')).toEqual({
      provider: 'openai',
      model: 'small',
      because: 'route gpt-*=openai:small',
    });
  });

  test('gives null when no route matches', () => {
    expect(resolveRoute(parseRoutes('claude-*=anthropic'), 'gpt-5')).toBeNull();
  });
});

describe('checkRoutes', () => {
  test('refuses a route to a provider that is not configured', () => {
    const routes = parseRoutes('*=offline,claude-*=anthropic');
    expect(() => checkRoutes(routes, { anthropic: false, openai: true })).toThrow(
      new Error('The model route "claude-*=anthropic" leads to anthropic, which is not configured.'),
    );
  });
});
