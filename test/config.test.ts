import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../src/config.ts';

type Given = { flags?: Record<string, string>; env?: Record<string, string>; files?: Record<string, string> };

function load({ flags = {}, env = {}, files = {} }: Given) {
  const folder = mkdtempSync(join(tmpdir(), 'pawl-config-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return loadConfig({ flags, env, folder });
}

describe('A setting', () => {
  test('has its default where nobody sets it', () => {
    const { config, sources } = load({});
    expect(config).toMatchObject({ host: '127.0.0.1', port: 7295, data_dir: '.pawl', database_url: null });
    expect(new Set(Object.values(sources))).toEqual(new Set(['default']));
  });

  test('is taken from a flag before the environment, that before .env, and that before pawl.yaml', () => {
    const files = { '.env': 'PAWL_PORT=3', 'pawl.yaml': 'port: 4\nhost: localhost' };
    const env = { PAWL_PORT: '2' };
    expect(load({ flags: { port: '1' }, env, files }).config.port).toBe(1);
    expect(load({ env, files }).config.port).toBe(2);
    const { config, sources } = load({ files });
    expect([config.port, sources.port, config.host, sources.host]).toEqual([
      3,
      '.env',
      'localhost',
      'pawl.yaml',
    ]);
  });

  test.each([
    ['PAWL_PORT', '70000', 'PAWL_PORT: expected a whole number from 0 to 65535'],
    ['PAWL_API_KEY', 'short', 'PAWL_API_KEY: expected at least 16 characters'],
    ['DATABASE_URL', 'mysql://x', 'DATABASE_URL: expected a URL that starts with postgres://'],
    ['PAWL_OPENAI_BASE_URL', 'localhost:1', 'PAWL_OPENAI_BASE_URL: expected a URL'],
    ['PAWL_LOG_LEVEL', 'loud', 'PAWL_LOG_LEVEL: expected one of debug, info, warn, error, silent'],
    ['PAWL_FILES_URL', 'https://bucket', 'PAWL_FILES_URL: expected s3://bucket, or s3://bucket/prefix'],
    ['PAWL_FILES_S3_ENDPOINT', 'https://ann:secret@s3.example', 'without a user name or a password'],
    ['PAWL_FILES_URL', 's3://bucket/../a b', 'PAWL_FILES_URL: expected s3://bucket, or s3://bucket/prefix'],
    ['PAWL_MAX_FILE_BYTES', '0', 'PAWL_MAX_FILE_BYTES: expected a whole number of bytes from 1'],
    ['PAWL_TRUSTED_PROXIES', 'proxy.example', 'PAWL_TRUSTED_PROXIES: expected IP addresses and networks'],
    ['PAWL_TRUSTED_PROXIES', '10.0.0.0/33', 'PAWL_TRUSTED_PROXIES: expected IP addresses and networks'],
    ['PAWL_TRUSTED_PROXIES', '::1/64/2', 'PAWL_TRUSTED_PROXIES: expected IP addresses and networks'],
    ['PAWL_ALLOW_NO_KEY', 'perhaps', 'PAWL_ALLOW_NO_KEY: expected true or false'],
    ['PAWL_VAULT_KEY', 'too short', 'PAWL_VAULT_KEY: expected 32 random bytes in base64'],
    ['PAWL_OTLP_HEADERS', 'a=b,key=100%', 'PAWL_OTLP_HEADERS: expected name=value, separated by commas'],
  ])('%s=%s is refused by name', (name, value, sentence) => {
    expect(() => load({ env: { [name]: value } })).toThrow(sentence);
  });

  test.each(['toString: 1', 'prot: 1', '- port', 'port: [', '"'])('pawl.yaml with %j is refused', (text) => {
    expect(() => load({ files: { 'pawl.yaml': text } })).toThrow('pawl.yaml');
  });
});

describe('ANTHROPIC_API_KEY', () => {
  const key = 'sk-ant-0123456789abcdef';

  test('is the key for Anthropic where no other is set', () => {
    expect(load({ env: { ANTHROPIC_API_KEY: key } }).config.anthropic_api_key).toBe(key);
    const env = { ANTHROPIC_API_KEY: key, PAWL_ANTHROPIC_API_KEY: 'sk-ant-other' };
    expect(load({ env }).config.anthropic_api_key).toBe('sk-ant-other');
    const official = { ANTHROPIC_API_KEY: key, ANTHROPIC_BASE_URL: 'https://api.anthropic.com' };
    expect(load({ env: official }).config.anthropic_api_key).toBe(key);
  });

  test.each([
    ['it is a key of this server', { ANTHROPIC_API_KEY: 'sk-pawl-abc' }],
    ['it is the preset key', { ANTHROPIC_API_KEY: key, PAWL_API_KEY: key }],
    ['the SDK is pointed elsewhere', { ANTHROPIC_API_KEY: key, ANTHROPIC_BASE_URL: 'http://127.0.0.1:7295' }],
  ])('is not sent to Anthropic where %s', (_why, env) => {
    expect(load({ env }).config).toMatchObject({ anthropic_api_key: null, anthropic_base_url: null });
  });
});

describe('Settings that do not go together', () => {
  test('a key before is nothing without the key that comes after it', () => {
    const [first, second] = [1, 2].map((byte) => Buffer.alloc(32, byte).toString('base64')) as [
      string,
      string,
    ];
    const env = { PAWL_VAULT_KEY_PREVIOUS: first };
    expect(() => load({ env })).toThrow('PAWL_VAULT_KEY_PREVIOUS needs PAWL_VAULT_KEY');
    expect(load({ env: { ...env, PAWL_VAULT_KEY: second } }).config.vault_key_previous).toBe(first);
  });

  test('a server without keys listens on loopback only', () => {
    const env = { PAWL_ALLOW_NO_KEY: '1' };
    expect(load({ env }).config.allow_no_key).toBe(true);
    expect(() => load({ env, flags: { host: '0.0.0.0' } })).toThrow('loopback');
  });

  test('files in S3 need both halves of a key', () => {
    const env = { PAWL_FILES_URL: 's3://bucket/a', PAWL_FILES_S3_ACCESS_KEY_ID: 'id' };
    expect(() => load({ env })).toThrow('PAWL_FILES_URL needs PAWL_FILES_S3_SECRET_ACCESS_KEY as well');
    const whole = { ...env, PAWL_FILES_S3_SECRET_ACCESS_KEY: 'secret' };
    expect(load({ env: whole }).config.files_url).toBe('s3://bucket/a');
  });

  test.each(['http://127.0.0.1:7295', 'http://localhost:7295/v1', 'http://[::1]:7295'])(
    'the model behind the server is not the server itself: %s',
    (url) => {
      expect(() => load({ env: { PAWL_OPENAI_BASE_URL: url } })).toThrow('points at this server itself');
    },
  );

  test('a port of 80 that is not written is a port', () => {
    const env = { PAWL_OPENAI_BASE_URL: 'http://localhost/v1' };
    expect(load({ env, flags: { port: '0' } }).config.openai_base_url).toBe(env.PAWL_OPENAI_BASE_URL);
    expect(() => load({ env, flags: { port: '80' } })).toThrow('points at this server itself');
  });
});
