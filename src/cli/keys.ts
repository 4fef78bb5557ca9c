import { Command, Option } from 'commander';
import type { KeyResponse, NewKeyResponse } from '../api/wire/keys.ts';
import { plain } from '../core/plain-text.ts';
import { callServer, defaultServerUrl, type ServerAccess, serverAccess } from './api-client.ts';
import { settingsHere } from './environment.ts';
import { columns, type Format, outputOption, paintFor, print, printJson } from './output.ts';

type Options = { readonly url?: string; readonly output: Format };

/** `pawl keys`: who may talk to a server. */
export function keysCommand(): Command {
  return new Command('keys')
    .description('make, list and revoke the API keys of a running server')
    .addCommand(createKeyCommand())
    .addCommand(listKeysCommand())
    .addCommand(revokeKeyCommand())
    .addHelpText('after', example('pawl keys create ci --role editor'));
}

function createKeyCommand(): Command {
  return new Command('create')
    .description('make a key and show its secret, once')
    .argument('<name>', 'what the key is for')
    .addOption(
      new Option('--role <role>', 'an editor does everything but manage keys')
        .choices(['admin', 'editor'])
        .default('editor'),
    )
    .addOption(urlOption())
    .addOption(outputOption())
    .addHelpText('after', example('pawl keys create ci --role editor'))
    .action(async (name: string, options: Options & { role: string }) => {
      const body = { name, role: options.role };
      const key = await callServer<NewKeyResponse>(access(options), {
        method: 'POST',
        path: '/pawl/v1/keys',
        body,
      });
      if (options.output === 'json') return printJson(key);
      print(
        `${key.id} is the ${key.role} key "${plain(key.name)}". Its secret is shown only now:\n\n${key.secret}`,
      );
    });
}

function listKeysCommand(): Command {
  return new Command('list')
    .description('list keys, newest first, without their secrets')
    .addOption(urlOption())
    .addOption(outputOption())
    .addHelpText('after', example('pawl keys list -o json'))
    .action(async (options: Options) => {
      const keys = await allKeys(access(options));
      if (options.output === 'json') return printJson(keys);
      const rows = keys.map((key) => [
        key.id,
        key.name,
        key.role,
        `…${key.hint}`,
        key.created_at,
        key.revoked_at ?? '',
      ]);
      const [head = '', ...lines] = columns([
        ['ID', 'NAME', 'ROLE', 'ENDS IN', 'CREATED', 'REVOKED'],
        ...rows,
      ]);
      print([paintFor(process.stdout).bold(head), ...lines].join('\n'));
    });
}

function revokeKeyCommand(): Command {
  return new Command('revoke')
    .description('let nobody in with a key any more')
    .argument('<id>', 'the id of the key, as `pawl keys list` shows it')
    .addOption(urlOption())
    .addOption(outputOption())
    .addHelpText('after', example('pawl keys revoke apikey_…'))
    .action(async (id: string, options: Options) => {
      const path = `/pawl/v1/keys/${encodeURIComponent(id)}/revoke`;
      const key = await callServer<KeyResponse>(access(options), { method: 'POST', path });
      if (options.output === 'json') return printJson(key);
      print(`${key.id} "${plain(key.name)}" is revoked.`);
    });
}

async function allKeys(server: ServerAccess): Promise<KeyResponse[]> {
  const keys: KeyResponse[] = [];
  for (let page: string | null = ''; page !== null; ) {
    const path = `/pawl/v1/keys?limit=100&page=${encodeURIComponent(page)}`;
    const answer: { data: KeyResponse[]; next_page: string | null } = await callServer(server, {
      method: 'GET',
      path,
    });
    keys.push(...answer.data);
    page = answer.next_page;
  }
  return keys;
}

function urlOption(): Option {
  return new Option(
    '--url <url>',
    `the server (default: PAWL_URL, ANTHROPIC_BASE_URL, or ${defaultServerUrl})`,
  );
}

function access({ url }: Options): ServerAccess {
  return serverAccess(url, settingsHere());
}

function example(command: string): string {
  const key = 'The key comes from PAWL_KEY, or else PAWL_API_KEY, or else ANTHROPIC_API_KEY.';
  return `\nExample:\n  $ ${command}\n\n${key}`;
}
