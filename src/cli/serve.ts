import { Command, Option } from 'commander';
import { type LoadedConfig, loadConfig, loopbackNames, processEnvironment } from '../config.ts';
import type { Server } from '../server.ts';
import { type Config, type SettingName, settings } from '../settings.ts';
import { packageVersion } from '../version.ts';
import { CommandError } from './command-error.ts';
import { databasePlace } from './database-place.ts';
import { exitCodes } from './exit-codes.ts';
import { createLog, gatherLines } from './log.ts';
import { columns, paintFor, print } from './output.ts';
import { fallsBackToOffline, offlineWarning, servedModelCells, servedModels } from './served-models.ts';

/** `pawl serve`: the server itself. */
export function serveCommand(): Command {
  const command = new Command('serve')
    .description('run the server until it is told to stop')
    .addHelpText('after', `\nExample:\n  $ pawl serve --port 8080 --data-dir /var/lib/pawl\n\n${filesHelp}`);
  const options = settingOptions();
  for (const { option } of options) command.addOption(option);
  return command.action(async (given: Record<string, string | true | undefined>) => {
    // A switch without a value is `true`, which settings read as a word like any other.
    const flags = options.map(({ name, option }) => [name, given[option.attributeName()]?.toString()]);
    await serve(
      loadConfig({ flags: Object.fromEntries(flags), env: processEnvironment(), folder: process.cwd() }),
    );
  });
}

const filesHelp = `Each setting may also stand in the environment, in .env, or in pawl.yaml in the current folder, in this order.
Secrets have no flag, since other users of the machine could read it.`;

/** A flag for every setting that is not secret. */
function settingOptions(): { readonly name: SettingName; readonly option: Option }[] {
  return (Object.keys(settings) as SettingName[]).flatMap((name) => {
    const setting = settings[name];
    if ('secret' in setting) return [];
    const isSwitch = typeof setting.default === 'boolean';
    const flag = `--${name.replaceAll('_', '-')} ${isSwitch ? '[boolean]' : '<value>'}`;
    const usual = setting.default === null ? '' : `; default ${setting.default}`;
    const option = new Option(flag, `${setting.help} (${setting.env}${usual})`);
    return [{ name, option }];
  });
}

async function serve({ config, sources }: LoadedConfig): Promise<void> {
  const log = createLog(
    config.log_level,
    gatherLines((lines) => process.stderr.write(lines)),
  );
  const { startServer } = await import('../server.ts');
  const server = await startServer({ config, log }).catch((error: unknown) => {
    throw explained(error, config);
  });
  const stopped = untilSignal();
  giveBackMemory();
  log.info({ url: server.url }, 'Listening');
  print(welcome({ config, server, preset: sources.api_key !== 'default' }));
  const signal = await stopped;
  log.info({ signal }, 'Stopping');
  await server.close();
  log.info({}, 'Stopped');
}

/** What starting took is garbage by now, and V8 would keep the room for it for as long as nothing happens. */
function giveBackMemory(): void {
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

/** The first signal stops the server in good order; a second one ends the process where it stands. */
function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let stopping = false;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (stopping) process.exit(exitCodes.interrupted);
      stopping = true;
      resolve(signal);
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
}

function explained(error: unknown, { host, port }: Config): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  const cause = { cause: error };
  if (code === 'EADDRINUSE') {
    return new CommandError(
      `Port ${port} of ${host} is taken; stop what has it, or choose another with --port`,
      cause,
    );
  }
  if (code === 'EACCES' && error instanceof Error && 'syscall' in error && error.syscall === 'listen') {
    return new CommandError(`This user may not listen on port ${port}; choose another with --port`, cause);
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return new CommandError(`${host} is no address of this machine; choose another with --host`, cause);
  }
  return error;
}

type Started = { readonly config: Config; readonly server: Server; readonly preset: boolean };

function welcome({ config, server, preset }: Started): string {
  const paint = paintFor(process.stdout);
  const models = servedModels(config, server.router);
  const { kind, place } = databasePlace(config);
  const lines = [paint.bold(`Pawl ${packageVersion()} listens on ${server.url}`), ''];
  const facts = [['Database', `${kind}, ${place}`]];
  for (const [i, model] of models.entries()) {
    const [id, who, why] = servedModelCells(model);
    facts.push([i === 0 ? 'Models' : '', `${id}: ${who} (${why})`]);
  }
  if (server.recovered !== null && server.recovered > 0) {
    facts.push([
      'Sessions',
      `${server.recovered} had not finished when the last process ended, and go on now`,
    ]);
  }
  if (server.first_key === null) facts.push(['API keys', keysInUse(config, preset)]);
  lines.push(...columns(facts));
  if (fallsBackToOffline(config, models)) lines.push('', paint.yellow(`Warning: ${offlineWarning}`));
  if (!loopbackNames.includes(config.host)) lines.push('', paint.yellow(openWarning));
  if (server.first_key !== null) lines.push('', ...firstKey(server.url, server.first_key));
  return lines.join('\n');
}

const openWarning =
  'Warning: this is open to the network, unencrypted: whoever reaches the port can try keys and read along. ' +
  'Put a proxy with TLS in front.';

function keysInUse(config: Config, preset: boolean): string {
  if (config.allow_no_key) return 'none is asked for; whoever can reach this port is an admin';
  return preset ? 'the one in PAWL_API_KEY, and those made before' : 'those made before';
}

function firstKey(url: string, secret: string): string[] {
  return [
    'This is the first admin key. It is shown only now, because only its hash is kept:',
    '',
    `  export ANTHROPIC_BASE_URL=${reachable(url)}`,
    `  export ANTHROPIC_API_KEY=${secret}`,
    '',
    'With these two, the official SDKs and `pawl keys` talk to this server.',
  ];
}

/** An address that means "all of them" is one to listen on, not one to connect to. */
function reachable(url: string): string {
  return url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:');
}
