import { Command, InvalidArgumentError, Option } from 'commander';
import type { KeyResponse, NewKeyResponse } from '../api/wire/keys.ts';
import { formatTime, parseTime } from '../core/clock.ts';
import { plain } from '../core/plain-text.ts';
import { roleMeanings, roles } from '../core/roles.ts';
import { callServer, type ServerAccess, serverAccess } from './api-client.ts';
import { settingsHere } from './environment.ts';
import { listItems } from './list-items.ts';
import { type Format, print, printJson, table } from './output.ts';
import { anyKey, asksServer, exampleText } from './server-command.ts';

type Options = { readonly url?: string; readonly output: Format };
type Limit = number | 'default';
type NewKeyOptions = Options & {
  readonly role: string;
  readonly expires?: string;
  readonly rateLimit?: Limit;
};

const idHelp = 'the id of the key, as `pawl keys list` shows it';
const limitHelp = 'requests a minute: 0 for no limit, or "default" for that of the server';

/** `pawl keys`: who may talk to a server. */
export function keysCommand(): Command {
  return new Command('keys')
    .description('make, list, limit and revoke the API keys of a running server')
    .addCommand(createKeyCommand())
    .addCommand(updateKeyCommand())
    .addCommand(listKeysCommand())
    .addCommand(revokeKeyCommand())
    .addHelpText('after', exampleText({ line: 'pawl keys create ci', note: anyKey }));
}

function createKeyCommand(): Command {
  const command = new Command('create')
    .description('make a key and show its secret, once')
    .argument('<name>', 'what the key is for')
    .addOption(
      new Option('--role <role>', 'what it may do; each role may do what those before it may')
        .choices(roles)
        .default('editor'),
    )
    .option('--expires <when>', 'when it ends: 90d, 12h or 30m from now, or a time (default: never)', readEnd)
    .option('--rate-limit <number>', limitHelp, readLimit)
    .addHelpText('after', `\n${roleHelp()}`)
    .action(async (name: string, options: NewKeyOptions) => {
      const { role, expires: expires_at, rateLimit } = options;
      const body = { name, role, expires_at, ...(rateLimit === undefined ? {} : limitField(rateLimit)) };
      const key = await callServer<NewKeyResponse>(access(options), {
        method: 'POST',
        path: '/pawl/v1/keys',
        body,
      });
      if (options.output === 'json') return printJson(key);
      const end = key.expires_at === null ? '' : ` It ends at ${key.expires_at}.`;
      print(
        `${key.id} is the ${key.role} key "${plain(key.name)}".${end} Its secret is shown only now:\n\n${key.secret}`,
      );
    });
  return finished(command, 'pawl keys create ci --role viewer --expires 90d');
}

function updateKeyCommand(): Command {
  const command = new Command('update')
    .description('set how many requests a minute a key may make')
    .argument('<id>', idHelp)
    .requiredOption('--rate-limit <number>', limitHelp, readLimit)
    .action(async (id: string, options: Options & { readonly rateLimit: Limit }) => {
      const path = `/pawl/v1/keys/${encodeURIComponent(id)}`;
      const body = limitField(options.rateLimit);
      const key = await callServer<KeyResponse>(access(options), { method: 'POST', path, body });
      if (options.output === 'json') return printJson(key);
      print(`${key.id} "${plain(key.name)}" has the limit: ${limitCell(key)}.`);
    });
  return finished(command, 'pawl keys update apikey_… --rate-limit 600');
}

function listKeysCommand(): Command {
  const command = new Command('list')
    .description('list keys, newest first, without their secrets')
    .action(async (options: Options) => {
      const keys: KeyResponse[] = [];
      for await (const key of listItems<KeyResponse>(access(options), '/pawl/v1/keys')) keys.push(key);
      if (options.output === 'json') return printJson(keys);
      const rows = keys.map((key) => [
        key.id,
        key.name,
        key.role,
        `…${key.hint}`,
        key.created_at,
        key.expires_at ?? '',
        key.revoked_at ?? '',
        limitCell(key),
      ]);
      print(table(['ID', 'NAME', 'ROLE', 'ENDS IN', 'CREATED', 'EXPIRES', 'REVOKED', 'A MINUTE'], rows));
    });
  return finished(command, 'pawl keys list -o json');
}

function revokeKeyCommand(): Command {
  const command = new Command('revoke')
    .description('let nobody in with a key any more')
    .argument('<id>', idHelp)
    .action(async (id: string, options: Options) => {
      const path = `/pawl/v1/keys/${encodeURIComponent(id)}/revoke`;
      const key = await callServer<KeyResponse>(access(options), { method: 'POST', path });
      if (options.output === 'json') return printJson(key);
      print(`${key.id} "${plain(key.name)}" is revoked.`);
    });
  return finished(command, 'pawl keys revoke apikey_…');
}

const unitMs: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000 };

/** Reads when a key ends: so long from now, or a time. */
function readEnd(text: string): string {
  const [, number, unit = ''] = /^(\d{1,5})([dhm])$/.exec(text) ?? [];
  const us =
    number === undefined ? parseTime(text) : (Date.now() + Number(number) * (unitMs[unit] ?? 0)) * 1000;
  if (us !== null) return formatTime(us);
  throw new InvalidArgumentError('It has to be like 90d, 12h, 30m or 2027-01-31T12:00:00Z.');
}

/** Reads how many requests a minute. */
function readLimit(text: string): Limit {
  if (text === 'default') return text;
  if (/^\d{1,7}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It has to be a whole number, or "default".');
}

function limitField(limit: Limit): { readonly rate_limit_per_minute: number | null } {
  return { rate_limit_per_minute: limit === 'default' ? null : limit };
}

function limitCell({ rate_limit_per_minute }: KeyResponse): string {
  if (rate_limit_per_minute === null) return 'default';
  return rate_limit_per_minute === 0 ? 'no limit' : String(rate_limit_per_minute);
}

function roleHelp(): string {
  const longest = Math.max(...roles.map((role) => role.length));
  return ['Roles:', ...roles.map((role) => `  ${role.padEnd(longest)}  ${roleMeanings[role]}`)].join('\n');
}

function access({ url }: Options): ServerAccess {
  return serverAccess(url, settingsHere());
}

function finished(command: Command, line: string): Command {
  return asksServer(command, { line, note: anyKey });
}
