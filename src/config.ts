import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { parse as parseYaml } from 'yaml';
import { type Config, type Setting, type SettingName, settings } from './settings.ts';

/** Where a value came from. */
export type Source = 'flag' | 'environment' | '.env' | 'pawl.yaml' | 'default';

/** A configuration and, for each setting, where it came from. */
export type LoadedConfig = {
  readonly config: Config;
  readonly sources: { readonly [Name in SettingName]: Source };
};

/** A setting that cannot be read, or two that do not go together. The message says which, and what is allowed. */
export class ConfigError extends Error {}

type Environment = {
  readonly flags: Readonly<Record<string, string | undefined>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly folder: string;
};

type Place = { readonly source: Source; readonly values: Readonly<Record<string, string | undefined>> };

/**
 * Puts the configuration together: flags win over the environment, that over `.env`, that over `pawl.yaml`, and
 * that over the defaults. The two files are looked for in `folder`. The upstream base URL is never taken from
 * ANTHROPIC_BASE_URL: that variable is how clients find this server, and the server would call itself.
 * @throws ConfigError
 */
export function loadConfig(options: Environment): LoadedConfig {
  const dotEnv = readIfThere(join(options.folder, '.env'));
  const places: Place[] = [
    { source: 'environment', values: options.env },
    { source: '.env', values: dotEnv === null ? {} : parseEnv(dotEnv) },
  ];
  const file = readFile(join(options.folder, 'pawl.yaml'));
  const config: Record<string, unknown> = {};
  const sources: Record<string, Source> = {};
  for (const [name, setting] of Object.entries(settings) as [SettingName, Setting<unknown>][]) {
    const found = find(name, setting, [
      { source: 'flag', values: { [setting.env]: options.flags[name] } },
      ...places,
      { source: 'pawl.yaml', values: { [setting.env]: file[name] } },
    ]);
    config[name] = found?.value ?? setting.default;
    sources[name] = found?.source ?? 'default';
  }
  const loaded = { config, sources } as LoadedConfig;
  checkTogether(loaded.config);
  return loaded;
}

/**
 * Variables that are no settings of the server: by these, commands find a server and are let in.
 * `docs/reference/configuration.md` is checked against this.
 */
export const clientVariables = {
  PAWL_URL: 'The server that a command talks to.',
  ANTHROPIC_BASE_URL: 'The same, as the official SDKs call it. Looked at when PAWL_URL is not set.',
  PAWL_KEY: 'The API key that a command sends.',
  PAWL_API_KEY: 'Looked at when PAWL_KEY is not set: the preset admin key opens its own server.',
  ANTHROPIC_API_KEY: 'Looked at when neither of those is set, as the official SDKs call it.',
  COOKBOOK_MODEL: 'The model id of `pawl tutorial`, when it is not named by a flag.',
  PAWL_ENDPOINT_KEY: 'The API key of the endpoint that `--endpoint` names, or else ANTHROPIC_API_KEY.',
  GITHUB_STEP_SUMMARY:
    'A file that `pawl gate check` adds its report to, as Markdown; GitHub Actions sets it.',
} as const;

/** What a command knows about the server that it talks to. Null where nobody has said. */
export type ClientSettings = {
  readonly url: string | null;
  readonly key: string | null;
  /** The variable that the key came from. */
  readonly key_from: string | null;
  readonly model: string | null;
  /** The key of an endpoint that is no server of ours. */
  readonly endpoint_key: string | null;
  /** The file that a CI system shows beside a step. */
  readonly step_summary: string | null;
};

/** What the environment, or else the `.env` in `folder`, says about the server that a command talks to. */
export function clientSettings({ env, folder }: Omit<Environment, 'flags'>): ClientSettings {
  const dotEnv = readIfThere(join(folder, '.env'));
  const places = [env, dotEnv === null ? {} : parseEnv(dotEnv)];
  const first = (...names: (keyof typeof clientVariables)[]): { name: string; text: string } | null => {
    for (const name of names) {
      for (const values of places) {
        const text = values[name];
        if (text !== undefined && text !== '') return { name, text };
      }
    }
    return null;
  };
  const key = first('PAWL_KEY', 'PAWL_API_KEY', 'ANTHROPIC_API_KEY');
  return {
    url: first('PAWL_URL', 'ANTHROPIC_BASE_URL')?.text ?? null,
    key: key?.text ?? null,
    key_from: key?.name ?? null,
    model: first('COOKBOOK_MODEL')?.text ?? null,
    endpoint_key: first('PAWL_ENDPOINT_KEY', 'ANTHROPIC_API_KEY')?.text ?? null,
    step_summary: first('GITHUB_STEP_SUMMARY')?.text ?? null,
  };
}

/** The environment of this process; nothing else in the project reads it. */
export function processEnvironment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}

/** The names of this machine itself, as hosts and in URLs. */
export const loopbackNames = ['127.0.0.1', 'localhost', '::1', '[::1]'];

function checkTogether(config: Config): void {
  if (config.vault_key_previous !== null && config.vault_key === null) {
    throw new ConfigError('PAWL_VAULT_KEY_PREVIOUS needs PAWL_VAULT_KEY, the key that comes after it');
  }
  if (config.allow_no_key && !loopbackNames.includes(config.host)) {
    throw new ConfigError(`PAWL_ALLOW_NO_KEY needs a loopback PAWL_HOST, and that is ${config.host}`);
  }
  if (config.files_url !== null) {
    const missing = (['files_s3_access_key_id', 'files_s3_secret_access_key'] as const).find(
      (name) => config[name] === null,
    );
    if (missing !== undefined) throw new ConfigError(`PAWL_FILES_URL needs ${settings[missing].env} as well`);
  }
  for (const name of ['anthropic_base_url', 'openai_base_url'] as const) {
    const target = URL.parse(config[name] ?? '');
    if (target === null || !loopbackNames.includes(target.hostname)) continue;
    const port = Number(target.port || (target.protocol === 'https:' ? 443 : 80));
    if (config.port !== 0 && port === config.port) {
      throw new ConfigError(`${settings[name].env} points at this server itself (port ${config.port})`);
    }
  }
}

function find(
  name: SettingName,
  setting: Setting<unknown>,
  places: readonly Place[],
): { value: unknown; source: Source } | null {
  for (const variable of [setting.env, setting.fallback_env]) {
    if (variable === undefined) continue;
    for (const { source, values } of places) {
      const text = values[variable];
      if (text === undefined || text === '') continue;
      if (variable === 'ANTHROPIC_API_KEY' && isForClients(text, places)) continue;
      const value = setting.read(text);
      if (value === null) throw new ConfigError(complaint(name, variable, setting, source));
      return { value, source };
    }
  }
  return null;
}

/**
 * Whether ANTHROPIC_API_KEY is meant for a server like this one, and must not be sent to Anthropic: it is a key of
 * ours, or the same environment points the SDK at another server.
 */
function isForClients(text: string, places: readonly Place[]): boolean {
  const named = (variable: string) => places.flatMap(({ values }) => values[variable] ?? []);
  if (text.startsWith('sk-pawl-') || named(settings.api_key.env).includes(text)) return true;
  const target = named('ANTHROPIC_BASE_URL').find((url) => url !== '');
  return target !== undefined && URL.parse(target)?.hostname.endsWith('anthropic.com') !== true;
}

function complaint(name: SettingName, variable: string, setting: Setting<unknown>, source: Source): string {
  const where =
    source === 'flag'
      ? `--${name.replaceAll('_', '-')}`
      : source === 'pawl.yaml'
        ? `${name} in pawl.yaml`
        : variable;
  return `${where}: expected ${setting.expects}`;
}

function readFile(path: string): Record<string, string | undefined> {
  const text = readIfThere(path);
  if (text === null) return {};
  const parsed: unknown = parseYamlOrThrow(text);
  if (parsed === null || parsed === undefined) return {};
  if (typeof parsed !== 'object' || Array.isArray(parsed))
    throw new ConfigError('pawl.yaml: expected a map of settings');
  const values: Record<string, string | undefined> = {};
  for (const [key, value] of Object.entries(parsed)) {
    if (!Object.hasOwn(settings, key)) {
      throw new ConfigError(
        `pawl.yaml: unknown setting ${key}; known are ${Object.keys(settings).join(', ')}`,
      );
    }
    if (value !== null && value !== undefined)
      values[key] = Array.isArray(value) ? value.join(',') : String(value);
  }
  return values;
}

function parseYamlOrThrow(text: string): unknown {
  try {
    return parseYaml(text);
  } catch (error) {
    throw new ConfigError(`pawl.yaml: ${error instanceof Error ? error.message : 'not YAML'}`, {
      cause: error,
    });
  }
}

function readIfThere(path: string): string | null {
  return existsSync(path) ? readFileSync(path, 'utf8') : null;
}
