import { Command, Option } from 'commander';
import { anyKey, asksServer, exampleText } from './server-command.ts';
import {
  type AddOptions,
  addCredential,
  archiveCredential,
  archiveVault,
  type CallOptions,
  createVault,
  type ListOptions,
  listCredentials,
  listVaults,
} from './vault/calls.ts';

/** `pawl vault`: what lets sessions in at MCP servers. */
export function vaultCommand(): Command {
  return new Command('vault')
    .description('keep tokens for MCP servers, encrypted, for the sessions of a running server')
    .addCommand(createCommand())
    .addCommand(listCommand())
    .addCommand(archiveCommand())
    .addCommand(credentialCommand())
    .addHelpText('after', example('pawl vault create ann'));
}

function createCommand(): Command {
  const command = new Command('create')
    .description('make a vault')
    .argument('<name>', 'whose credentials are to be in it, or what they are for')
    .action((name: string, options: CallOptions) => createVault(name, options));
  return finished(command, 'pawl vault create ann');
}

function listCommand(): Command {
  const command = new Command('list')
    .description('list vaults, newest first')
    .addOption(allOption())
    .action((options: ListOptions) => listVaults(options));
  return finished(command, 'pawl vault list');
}

function archiveCommand(): Command {
  const command = withVault(new Command('archive'))
    .description('archive a vault for good, and remove the secrets in it')
    .action((id: string, options: CallOptions) => archiveVault(id, options));
  return finished(command, 'pawl vault archive vlt_…');
}

function credentialCommand(): Command {
  return new Command('credential')
    .description('put tokens into a vault; they never come out again')
    .addCommand(addCommand())
    .addCommand(listCredentialsCommand())
    .addCommand(archiveCredentialCommand())
    .addHelpText(
      'after',
      example('pass show linear | pawl vault credential add vlt_… https://mcp.linear.app/mcp'),
    );
}

function addCommand(): Command {
  const command = withVault(new Command('add'))
    .description('put a token into a vault; it is read from standard input')
    .argument('<server>', 'the URL of the MCP server that it is for')
    .option('--from-env <variable>', 'read it from this variable instead')
    .option(
      '--oauth',
      'read JSON instead of a token: access_token, and expires_at and refresh as the API has them',
    )
    .option('--name <text>', 'what to call it')
    .action((vault: string, server: string, options: AddOptions) => addCredential(vault, server, options));
  return finished(
    command,
    'pawl vault credential add vlt_… https://mcp.linear.app/mcp --from-env LINEAR_TOKEN',
  );
}

function listCredentialsCommand(): Command {
  const command = withVault(new Command('list'))
    .description('list what is in a vault, newest first, without the secrets')
    .addOption(allOption())
    .action((vault: string, options: ListOptions) => listCredentials(vault, options));
  return finished(command, 'pawl vault credential list vlt_…');
}

function archiveCredentialCommand(): Command {
  const command = withVault(new Command('archive'))
    .description('archive a credential for good, and remove its secrets')
    .argument('<id>', 'the id of the credential, as `pawl vault credential list` shows it')
    .action((vault_id: string, id: string, options: CallOptions) =>
      archiveCredential({ vault_id, id }, options),
    );
  return finished(command, 'pawl vault credential archive vlt_… vcrd_…');
}

function withVault(command: Command): Command {
  return command.argument('<vault>', 'the id of the vault, as `pawl vault list` shows it');
}

function allOption(): Option {
  return new Option('--all', 'with those that are archived');
}

function finished(command: Command, line: string): Command {
  return asksServer(command, { line, note: anyKey });
}

function example(line: string): string {
  return exampleText({ line, note: anyKey });
}
