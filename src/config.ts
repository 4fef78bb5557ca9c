import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { parse as parseYaml } from 'yaml';
import { type LogLevel, logLevels } from './core/log.ts';

/** One thing that can be set: where it may come from, what it is without, and what it does. */
type Setting<T> = {
  readonly env: string;
  /** A second variable that is looked at when the first is not set. */
  readonly fallback_env?: string;
  readonly default: T;
  /** Reads a text; null when it cannot be read. */
  readonly read: (text: string) => T | null;
  /** What a readable text looks like, to say in a complaint. */
  readonly expects: string;
  /** Secrets have no flag, which other users of the machine could see, and are never printed. */
  readonly secret?: true;
  readonly help: string;
};

const anyText = { default: null, read: (text: string): string | null => text, expects: 'text' };
const secret = { ...anyText, secret: true } as const;
const url = {
  default: null,
  read: (text: string): string | null => (/^https?:$/.test(URL.parse(text)?.protocol ?? '') ? text : null),
  expects: 'a URL that starts with http:// or https://',
};

const s3Url = /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/[\w.-]+)*\/?$/;

/** What a process can do of those that share a database. */
const roles = ['all', 'api', 'worker'] as const;
type Role = (typeof roles)[number];

/** Every setting, its variable and its default. `docs/reference/configuration.md` is checked against this. */
export const settings = {
  host: {
    env: 'PAWL_HOST',
    default: '127.0.0.1',
    read: (text) => text,
    expects: 'a host name or address',
    help: 'Address to listen on. Anything but loopback opens the server to the network.',
  } as Setting<string>,
  port: {
    env: 'PAWL_PORT',
    default: 7295,
    read: wholeNumber(0, 65_535),
    expects: 'a whole number from 0 to 65535; 0 takes a free port',
    help: 'Port to listen on.',
  } as Setting<number>,
  data_dir: {
    env: 'PAWL_DATA_DIR',
    default: '.pawl',
    read: (text) => text,
    expects: 'a folder',
    help: 'Folder of the SQLite database and of uploaded files, unless they have a URL of their own.',
  } as Setting<string>,
  database_url: {
    env: 'DATABASE_URL',
    default: null,
    read: (text) => (/^postgres(ql)?:\/\//.test(text) ? text : null),
    expects: 'a URL that starts with postgres:// or postgresql://',
    secret: true,
    help: 'PostgreSQL database to use instead of SQLite.',
  } as Setting<string | null>,
  api_key: {
    ...secret,
    env: 'PAWL_API_KEY',
    read: (text) => (text.length >= 16 ? text : null),
    expects: 'at least 16 characters',
    help: 'Presets an admin key. Without it, the first start makes one and shows it once.',
  } as Setting<string | null>,
  allow_no_key: {
    env: 'PAWL_ALLOW_NO_KEY',
    default: false,
    read: flag,
    expects: 'true or false',
    help: 'Asks for no key. Only on a loopback address.',
  } as Setting<boolean>,
  anthropic_base_url: {
    ...url,
    env: 'PAWL_ANTHROPIC_BASE_URL',
    help: 'Where the Anthropic Messages API is, when not at Anthropic.',
  } as Setting<string | null>,
  anthropic_api_key: {
    ...secret,
    env: 'PAWL_ANTHROPIC_API_KEY',
    fallback_env: 'ANTHROPIC_API_KEY',
    help: 'Key for the Anthropic Messages API.',
  } as Setting<string | null>,
  openai_base_url: {
    ...url,
    env: 'PAWL_OPENAI_BASE_URL',
    help: 'An OpenAI-compatible endpoint, up to and including its /v1.',
  } as Setting<string | null>,
  openai_api_key: {
    ...secret,
    env: 'PAWL_OPENAI_API_KEY',
    help: 'Key for the OpenAI-compatible endpoint; many local ones need none.',
  } as Setting<string | null>,
  model_routes: {
    ...anyText,
    env: 'PAWL_MODEL_ROUTES',
    expects: 'match=provider or match=provider:model, separated by commas',
    help: 'Who serves which model id; the first match wins. Example: claude-*=anthropic,*=openai:llama3.1',
  } as Setting<string | null>,
  model_timeout_ms: {
    env: 'PAWL_MODEL_TIMEOUT_MS',
    default: 600_000,
    read: wholeNumber(100, 86_400_000),
    expects: 'a whole number of milliseconds from 100 to 86400000, a day',
    help: 'The longest that one model request may take.',
  } as Setting<number>,
  model_idle_timeout_ms: {
    env: 'PAWL_MODEL_IDLE_TIMEOUT_MS',
    default: 120_000,
    read: wholeNumber(100, 86_400_000),
    expects: 'a whole number of milliseconds from 100 to 86400000, a day',
    help: 'The longest silence in one model request, before the first byte or between two.',
  } as Setting<number>,
  model_max_tokens: {
    env: 'PAWL_MODEL_MAX_TOKENS',
    default: 8192,
    read: wholeNumber(1, 1_000_000),
    expects: 'a whole number from 1',
    help: 'The most tokens that one reply may have.',
  } as Setting<number>,
  model_max_retries: {
    env: 'PAWL_MODEL_MAX_RETRIES',
    default: 4,
    read: wholeNumber(0, 20),
    expects: 'a whole number from 0 to 20',
    help: 'How often a failed model request is tried again, when that may help.',
  } as Setting<number>,
  model_prices: {
    ...anyText,
    env: 'PAWL_MODEL_PRICES',
    expects: 'match=input/output or match=input/output/cache read/cache write, separated by commas',
    help: 'US dollars per million tokens, to tell what sessions and evals cost. Example: claude-sonnet-*=3/15/0.3/3.75',
  } as Setting<string | null>,
  prices_file: {
    ...anyText,
    env: 'PAWL_PRICES_FILE',
    expects: 'a file, in YAML or JSON',
    help: 'File of what models cost, read again when it changes. What it names comes before model_prices.',
  } as Setting<string | null>,
  eval_endpoints: {
    ...anyText,
    env: 'PAWL_EVAL_ENDPOINTS',
    expects: 'name=URL, separated by commas',
    help: 'Other Managed Agents endpoints that evals may run against. Example: hosted=https://api.anthropic.com',
  } as Setting<string | null>,
  eval_endpoint_keys: {
    ...secret,
    env: 'PAWL_EVAL_ENDPOINT_KEYS',
    expects: 'name=key, separated by commas',
    help: 'The API keys of those endpoints.',
  } as Setting<string | null>,
  scorer_dir: {
    ...anyText,
    env: 'PAWL_SCORER_DIR',
    expects: 'a folder',
    help: 'Folder of the modules that evals may name as scorers. They run with the rights of the server.',
  } as Setting<string | null>,
  scorer_urls: {
    ...anyText,
    env: 'PAWL_SCORER_URLS',
    expects: 'URLs, separated by commas',
    help: 'Where scorers that are asked over HTTP may be: a URL allows itself and what is below it.',
  } as Setting<string | null>,
  vault_key: {
    ...secret,
    env: 'PAWL_VAULT_KEY',
    read: aesKey,
    expects: '32 random bytes in base64, as `openssl rand -base64 32` makes them',
    help: 'The key that the secrets in vaults are encrypted with. Without it, vaults cannot be made.',
  } as Setting<string | null>,
  vault_key_previous: {
    ...secret,
    env: 'PAWL_VAULT_KEY_PREVIOUS',
    read: aesKey,
    expects: '32 bytes in base64',
    help: 'The key before that one. What is encrypted with it is encrypted anew at the start.',
  } as Setting<string | null>,
  allow_private_webhooks: {
    env: 'PAWL_ALLOW_PRIVATE_WEBHOOKS',
    default: false,
    read: flag,
    expects: 'true or false',
    help: 'Lets webhooks be on this machine, in private networks, and on plain HTTP.',
  } as Setting<boolean>,
  mcp_timeout_ms: {
    env: 'PAWL_MCP_TIMEOUT_MS',
    default: 60_000,
    read: wholeNumber(100, 86_400_000),
    expects: 'a whole number of milliseconds from 100 to 86400000, a day',
    help: 'The longest that one call of a tool of an MCP server may take.',
  } as Setting<number>,
  allow_private_mcp: {
    env: 'PAWL_ALLOW_PRIVATE_MCP',
    default: false,
    read: flag,
    expects: 'true or false',
    help: 'Lets MCP servers, and where their tokens are refreshed, be on this machine, in private networks, and on plain HTTP.',
  } as Setting<boolean>,
  files_url: {
    env: 'PAWL_FILES_URL',
    default: null,
    read: (text) => (s3Url.test(text) ? text : null),
    expects: 's3://bucket, or s3://bucket/prefix',
    help: 'Where uploaded files are kept, when not in the folder of data: a bucket of an S3-compatible store.',
  } as Setting<string | null>,
  files_s3_endpoint: {
    ...url,
    env: 'PAWL_FILES_S3_ENDPOINT',
    help: 'Where that store is, when not at Amazon.',
  } as Setting<string | null>,
  files_s3_region: {
    env: 'PAWL_FILES_S3_REGION',
    default: 'us-east-1',
    read: (text) => (/^[a-z0-9-]{1,64}$/.test(text) ? text : null),
    expects: 'the name of a region',
    help: 'The region of the bucket. Many stores take any.',
  } as Setting<string>,
  files_s3_access_key_id: {
    ...secret,
    env: 'PAWL_FILES_S3_ACCESS_KEY_ID',
    help: 'The access key for the bucket.',
  } as Setting<string | null>,
  files_s3_secret_access_key: {
    ...secret,
    env: 'PAWL_FILES_S3_SECRET_ACCESS_KEY',
    help: 'The secret of that access key.',
  } as Setting<string | null>,
  max_file_bytes: {
    env: 'PAWL_MAX_FILE_BYTES',
    default: 524_288_000,
    read: wholeNumber(1, 2_000_000_000),
    expects: 'a whole number of bytes from 1 to 2000000000',
    help: 'The largest file that can be uploaded.',
  } as Setting<number>,
  retention_days: {
    env: 'PAWL_RETENTION_DAYS',
    default: null,
    read: wholeNumber(1, 36_500),
    expects: 'a whole number of days from 1 to 36500',
    help: 'After how many days without activity sessions are deleted, where their agent has no rule of its own.',
  } as Setting<number | null>,
  file_retention_days: {
    env: 'PAWL_FILE_RETENTION_DAYS',
    default: null,
    read: wholeNumber(1, 36_500),
    expects: 'a whole number of days from 1 to 36500',
    help: 'After how many days uploaded files are deleted that no open session names.',
  } as Setting<number | null>,
  export_dir: {
    ...anyText,
    env: 'PAWL_EXPORT_DIR',
    expects: 'a folder',
    help: 'Folder that old sessions are written into before they are deleted.',
  } as Setting<string | null>,
  max_tool_rounds: {
    env: 'PAWL_MAX_TOOL_ROUNDS',
    default: 100,
    read: wholeNumber(1, 100_000),
    expects: 'a whole number from 1 to 100000',
    help: 'How often one turn may ask its model, answers of tools included.',
  } as Setting<number>,
  role: {
    env: 'PAWL_ROLE',
    default: 'all',
    read: (text) => roles.find((role) => role === text) ?? null,
    expects: `one of ${roles.join(', ')}`,
    help: 'What this process does of those that share a PostgreSQL database: answer requests, work, or all.',
  } as Setting<Role>,
  max_turns: {
    env: 'PAWL_MAX_TURNS',
    default: 256,
    read: wholeNumber(1, 100_000),
    expects: 'a whole number from 1',
    help: 'How many turns run side by side in this process; more wait.',
  } as Setting<number>,
  max_turns_per_agent: {
    env: 'PAWL_MAX_TURNS_PER_AGENT',
    default: null,
    read: wholeNumber(1, 100_000),
    expects: 'a whole number from 1',
    help: 'How many of them may be of one agent; as many as there are, unless set.',
  } as Setting<number | null>,
  stop_grace_ms: {
    env: 'PAWL_STOP_GRACE_MS',
    default: 10_000,
    read: wholeNumber(0, 3_600_000),
    expects: 'a whole number of milliseconds from 0 to 3600000, an hour',
    help: 'How long turns under way may go on when the server is told to stop; others take up the rest.',
  } as Setting<number>,
  max_waiting_turns: {
    env: 'PAWL_MAX_WAITING_TURNS',
    default: 1000,
    read: wholeNumber(1, 1_000_000),
    expects: 'a whole number from 1 to 1000000',
    help: 'How many turns may wait for a place before no message can start another.',
  } as Setting<number>,
  max_requests_per_provider: {
    env: 'PAWL_MAX_REQUESTS_PER_PROVIDER',
    default: 256,
    read: wholeNumber(1, 100_000),
    expects: 'a whole number from 1 to 100000',
    help: 'How many requests each model provider is sent side by side; agents take turns at what waits.',
  } as Setting<number>,
  rate_limit_per_minute: {
    env: 'PAWL_RATE_LIMIT_PER_MINUTE',
    default: 0,
    read: wholeNumber(0, 1_000_000),
    expects: 'a whole number from 0 to 1000000; 0 is no limit',
    help: 'How many requests a minute an API key may make that has no limit of its own.',
  } as Setting<number>,
  max_failed_keys: {
    env: 'PAWL_MAX_FAILED_KEYS',
    default: 60,
    read: wholeNumber(1, 1_000_000),
    expects: 'a whole number from 1 to 1000000',
    help: 'How many requests without a valid API key one address may make in a minute.',
  } as Setting<number>,
  trusted_proxies: {
    ...anyText,
    env: 'PAWL_TRUSTED_PROXIES',
    read: (text) => (text.split(',').every((part) => isNetwork(part.trim())) ? text : null),
    expects: 'IP addresses and networks such as 10.0.0.0/8, separated by commas',
    help: 'Proxies whose X-Forwarded-For is believed. Without any, the address of the connection counts.',
  } as Setting<string | null>,
  max_requests: {
    env: 'PAWL_MAX_REQUESTS',
    default: 1000,
    read: wholeNumber(1, 1_000_000),
    expects: 'a whole number from 1 to 1000000',
    help: 'How many requests one process answers side by side, streams aside; more are refused.',
  } as Setting<number>,
  max_streams: {
    env: 'PAWL_MAX_STREAMS',
    default: 10_000,
    read: wholeNumber(1, 1_000_000),
    expects: 'a whole number from 1 to 1000000',
    help: 'How many streams are open at one process; more are refused.',
  } as Setting<number>,
  otlp_endpoint: {
    ...url,
    env: 'PAWL_OTLP_ENDPOINT',
    fallback_env: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    help: 'Where traces are sent by OTLP over HTTP, up to /v1/traces. Without it there are none.',
  } as Setting<string | null>,
  otlp_headers: {
    ...secret,
    env: 'PAWL_OTLP_HEADERS',
    fallback_env: 'OTEL_EXPORTER_OTLP_HEADERS',
    read: (text) => (/^[\w-]+ *=[^,\s]+( *, *[\w-]+ *=[^,\s]+)*$/.test(text) ? text : null),
    expects: 'name=value, separated by commas, each value percent-encoded',
    help: 'Headers that are sent along with traces.',
  } as Setting<string | null>,
  service_name: {
    env: 'PAWL_SERVICE_NAME',
    fallback_env: 'OTEL_SERVICE_NAME',
    default: 'pawl',
    read: (text) => text,
    expects: 'text',
    help: 'What traces call this server.',
  } as Setting<string>,
  log_level: {
    env: 'PAWL_LOG_LEVEL',
    default: 'info',
    read: (text) => logLevels.find((level) => level === text) ?? null,
    expects: 'one of debug, info, warn, error, silent',
    help: 'How much the server writes to its log, which goes to standard error.',
  } as Setting<LogLevel>,
} as const;

export type SettingName = keyof typeof settings;
export type Config = { readonly [Name in SettingName]: (typeof settings)[Name]['default'] };

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

function wholeNumber(min: number, max: number): (text: string) => number | null {
  return (text) => {
    const value = Number(text);
    return /^\d{1,12}$/.test(text) && value >= min && value <= max ? value : null;
  };
}

/** Whether a text is an IP address, with or without the bits of a network behind it. */
function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return bits === undefined || wholeNumber(1, version === 4 ? 32 : 128)(bits) !== null;
}

function aesKey(text: string): string | null {
  return /^[A-Za-z0-9+/]{43}=$/.test(text) ? text : null;
}

function flag(text: string): boolean | null {
  if (['true', '1', 'yes', 'on'].includes(text)) return true;
  return ['false', '0', 'no', 'off'].includes(text) ? false : null;
}
