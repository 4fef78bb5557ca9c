import { describe, expect, test } from 'vitest';
import { defaultEnvironmentConfig, type EnvironmentSettings, mergeSettings } from './environment.ts';
import { PawlError } from './errors.ts';

const blank: EnvironmentSettings = {
  name: 'workshop',
  description: null,
  config: defaultEnvironmentConfig,
  metadata: { team: 'blue' },
};

const limited = (fields: object = {}): EnvironmentSettings => ({
  ...blank,
  config: {
    ...defaultEnvironmentConfig,
    networking: {
      type: 'limited',
      allowed_hosts: ['example.com'],
      allow_mcp_servers: true,
      allow_package_managers: true,
      ...fields,
    },
  },
});

const networkingAfter = (settings: EnvironmentSettings, networking: unknown) =>
  mergeSettings(settings, { config: { networking: networking as never } }).config.networking;

describe('mergeSettings', () => {
  test('without changes gives the same settings', () => {
    for (const nothing of [
      {},
      { config: null },
      { config: {} },
      { config: { networking: null, packages: null } },
    ]) {
      expect(JSON.stringify(mergeSettings(blank, nothing))).toBe(JSON.stringify(blank));
      expect(JSON.stringify(mergeSettings(limited(), nothing))).toBe(JSON.stringify(limited()));
    }
  });

  test('keeps a name that is absent or null and replaces one that is given', () => {
    expect(mergeSettings(blank, { name: null }).name).toBe('workshop');
    expect(mergeSettings(blank, { name: 'hall' }).name).toBe('hall');
  });

  test('tells an empty description from none', () => {
    expect(mergeSettings(blank, { description: '' }).description).toBe('');
    expect(mergeSettings({ ...blank, description: 'x' }, { description: null }).description).toBeNull();
    expect(mergeSettings({ ...blank, description: 'x' }, {}).description).toBe('x');
  });

  test('removes metadata whose new value is empty', () => {
    expect(mergeSettings(blank, { metadata: { team: '', floor: '2' } }).metadata).toEqual({ floor: '2' });
  });

  test('replaces the networking when its type changes, with the strictest answers', () => {
    expect(networkingAfter(limited(), { type: 'unrestricted' })).toEqual({ type: 'unrestricted' });
    expect(networkingAfter(blank, { type: 'limited' })).toEqual({
      type: 'limited',
      allowed_hosts: [],
      allow_mcp_servers: false,
      allow_package_managers: false,
    });
  });

  test('keeps what a limited networking does not mention', () => {
    const before = limited().config.networking;
    expect(networkingAfter(limited(), { type: 'limited', allow_mcp_servers: null })).toEqual(before);
    expect(
      networkingAfter(limited(), { type: 'limited', allowed_hosts: [], allow_mcp_servers: false }),
    ).toEqual({
      ...before,
      allowed_hosts: [],
      allow_mcp_servers: false,
    });
  });

  test('replaces the packages of one manager and keeps those of the others', () => {
    const some = mergeSettings(blank, { config: { packages: { npm: ['left-pad'], pip: ['six'] } } });
    const { packages } = mergeSettings(some, { config: { packages: { npm: [], pip: null } } }).config;
    expect(packages).toEqual({ ...defaultEnvironmentConfig.packages, pip: ['six'] });
  });

  test('asks for a network that packages can come through', () => {
    const closed = limited({ allow_package_managers: false });
    const wanted = { config: { packages: { npm: ['left-pad'] } } };
    expect(() => mergeSettings(closed, wanted)).toThrow(
      new PawlError(
        'invalid_request',
        'config.packages.npm: packages need networking.allow_package_managers to be true',
      ),
    );
    expect(mergeSettings(closed, {}).config.networking).toEqual(closed.config.networking);
    expect(mergeSettings(limited(), wanted).config.packages.npm).toEqual(['left-pad']);
    expect(mergeSettings(blank, wanted).config.packages.npm).toEqual(['left-pad']);
    const closing = { config: { networking: { type: 'limited', allow_package_managers: false } } } as const;
    expect(() => mergeSettings(mergeSettings(blank, wanted), closing)).toThrow(PawlError);
  });

  test('leaves what it was given untouched', () => {
    const before = JSON.stringify(defaultEnvironmentConfig);
    mergeSettings(blank, { config: { packages: { apt: ['jq'] } }, metadata: { a: 'b' } });
    expect(JSON.stringify(defaultEnvironmentConfig)).toBe(before);
    expect(blank.metadata).toEqual({ team: 'blue' });
  });
});
