import { isIP } from 'node:net';
import { type LogLevel, logLevels } from './core/log.ts';

/** One thing that can be set: where it may come from, what it is without, and what it does. */
export type Setting<T> = {
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
  dashboard: {
    env: 'PAWL_DASHBOARD',
    default: true,
    read: flag,
    expects: 'true or false',
    help: 'Serves the dashboard, where it was built, to browsers.',
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
    // The client could not use one, and would have it in its complaint.
    read: (text) => {
      const found = URL.parse(text);
      return found?.username === '' && found.password === '' ? url.read(text) : null;
    },
    expects: `${url.expects}, without a user name or a password`,
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
    help: 'Proxies whose X-Forwarded-For, -Host and -Proto are believed. Without any, only the connection counts.',
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
    read: (text) => (text.split(',').every((part) => isHeader(part.trim())) ? text : null),
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

/** A header and its value, whose percent signs each begin what a byte is written as. */
function isHeader(text: string): boolean {
  return /^[\w-]+ *=([^;%\s]|%[\da-f]{2})+$/i.test(text);
}

function aesKey(text: string): string | null {
  return /^[A-Za-z0-9+/]{43}=$/.test(text) ? text : null;
}

function flag(text: string): boolean | null {
  if (['true', '1', 'yes', 'on'].includes(text)) return true;
  return ['false', '0', 'no', 'off'].includes(text) ? false : null;
}
