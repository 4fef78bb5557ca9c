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

/** `pawl keys`: who may talk to a server. */
export function keysCommand(): Command {
  return new Command('keys')
    .description('make, list and revoke the API keys of a running server')
    .addCommand(createKeyCommand())
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
    .addHelpText('after', `\n${roleHelp()}`)
    .action(async (name: string, options: Options & { role: string; expires?: string }) => {
      const body = { name, role: options.role, expires_at: options.expires };
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
      ]);
      print(table(['ID', 'NAME', 'ROLE', 'ENDS IN', 'CREATED', 'EXPIRES', 'REVOKED'], rows));
    });
  return finished(command, 'pawl keys list -o json');
}

function revokeKeyCommand(): Command {
  const command = new Command('revoke')
    .description('let nobody in with a key any more')
    .argument('<id>', 'the id of the key, as `pawl keys list` shows it')
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
