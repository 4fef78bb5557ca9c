import { describe, expect, test, vi } from 'vitest';
import type { Provider, ProviderName } from './model.ts';
import { createRouter } from './router.ts';
import { defaultRoutes, parseRoutes } from './routes.ts';

function providerNamed(name: ProviderName): Provider {
  return { name, send: () => Promise.reject(new Error('Not used here.')) };
}

const offline = () => Promise.resolve(providerNamed('offline'));

describe('createRouter', () => {
  test('refuses a table that leads to a provider without a loader', () => {
    expect(() => createRouter({ routes: parseRoutes('*=openai'), providers: { offline } })).toThrow(
      'The model route "*=openai" leads to openai, which is not configured.',
    );
  });

  test('says why a model id goes to the offline model', () => {
    const routes = defaultRoutes({ anthropic: false, openai: false });
    const router = createRouter({ routes, providers: { offline } });
    expect(router.route('claude-opus-5')).toEqual({
      provider: 'offline',
      model: 'claude-opus-5',
      because: 'no provider is configured',
    });
  });

  test('loads a provider on first use and only once', async () => {
    const openai = vi.fn(() => Promise.resolve(providerNamed('openai')));
    const router = createRouter({ routes: parseRoutes('*=openai'), providers: { offline, openai } });
    expect(router.route('gpt-5')?.provider).toBe('openai');
    expect(openai).not.toHaveBeenCalled();
    const [first, second] = await Promise.all([router.provider('openai'), router.provider('openai')]);
    expect(first).toBe(second);
    expect(await router.provider('openai')).toBe(first);
    expect(openai).toHaveBeenCalledTimes(1);
  });

  test('tries a failed load again', async () => {
    const anthropic = vi
      .fn(() => Promise.resolve(providerNamed('anthropic')))
      .mockRejectedValueOnce(new Error('No such module.'));
    const router = createRouter({ routes: [], providers: { offline, anthropic } });
    await expect(router.provider('anthropic')).rejects.toThrow('No such module.');
    expect((await router.provider('anthropic')).name).toBe('anthropic');
  });

  test('rejects for a provider that is not configured', async () => {
    const router = createRouter({ routes: [], providers: { offline } });
    await expect(router.provider('anthropic')).rejects.toThrow('The anthropic provider is not configured.');
  });
});
