import { Command } from 'commander';
import type { PolicyOptions } from './alias/policy.ts';
import { agentHelp, aliasHelp, approvalCount, reasonOption, usualAlias } from './alias/release-options.ts';
import type { ReleaseOptions } from './alias/release-server.ts';
import type { AliasSetOptions } from './alias/set.ts';
import { versionOrNone } from './eval/options.ts';
import { anywhereText, asksAnywhere } from './server-command.ts';

type ChangeOptions = ReleaseOptions & { readonly reason?: string };

/** `pawl alias`: names for versions, such as production, that can be moved. */
export function aliasCommand(): Command {
  return new Command('alias')
    .description('look at and move the names by which sessions get versions')
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(setCommand())
    .addCommand(historyCommand())
    .addCommand(releaseCommand())
    .addCommand(policyCommand())
    .addCommand(defaultCommand())
    .addHelpText('after', anywhereText('pawl alias show triage'));
}

// What each command needs is loaded when it runs, so that help is quick.

function listCommand(): Command {
  const command = new Command('list')
    .description('list the aliases of an agent')
    .argument('<agent>', agentHelp)
    .action(async (agent: string, options: ReleaseOptions) => {
      const { listAliases } = await import('./alias/list.ts');
      await listAliases(agent, options);
    });
  return asksAnywhere(command, 'pawl alias list triage');
}

function showCommand(): Command {
  const command = new Command('show')
    .description('show what an alias stands for, and what it asks of whoever moves it')
    .argument('<agent>', agentHelp)
    .argument('[alias]', aliasHelp)
    .action(async (agent: string, alias: string | undefined, options: ReleaseOptions) => {
      const { showAlias } = await import('./alias/show.ts');
      await showAlias(agent, alias ?? usualAlias, options);
    });
  return asksAnywhere(command, 'pawl alias show triage');
}

function setCommand(): Command {
  const command = new Command('set')
    .description('let an alias stand for a version, or for none')
    .argument('<agent>', agentHelp)
    .argument('<alias>', 'the alias')
    .argument('<version>', 'the number of a version, or none, which removes the alias', versionOrNone)
    .option('--from <version>', 'what it stands for now, or none (default: what is there)', versionOrNone)
    .addOption(reasonOption())
    .action(async (agent: string, alias: string, version: number | 'none', options: AliasSetOptions) => {
      const { setAlias } = await import('./alias/set.ts');
      await setAlias(agent, { alias, version }, options);
    });
  return asksAnywhere(command, "pawl alias set triage staging 3 --reason 'To try it out'");
}

function historyCommand(): Command {
  const command = new Command('history')
    .description('list who moved an alias, when, why and on what evidence')
    .argument('<agent>', agentHelp)
    .argument('[alias]', aliasHelp)
    .action(async (agent: string, alias: string | undefined, options: ReleaseOptions) => {
      const { showHistory } = await import('./alias/history.ts');
      await showHistory(agent, alias ?? usualAlias, options);
    });
  return asksAnywhere(command, 'pawl alias history triage');
}

function releaseCommand(): Command {
  const command = new Command('release')
    .description('let an alias move again that was rolled back')
    .argument('<agent>', agentHelp)
    .argument('[alias]', aliasHelp)
    .addOption(reasonOption())
    .action(async (agent: string, alias: string | undefined, options: ChangeOptions) => {
      const { releaseAlias } = await import('./alias/release.ts');
      await releaseAlias(agent, alias ?? usualAlias, options);
    });
  return asksAnywhere(command, "pawl alias release triage --reason 'Version 3 is mended'");
}

function policyCommand(): Command {
  const command = new Command('policy')
    .description('show or change what an alias asks of whoever moves it')
    .argument('<agent>', agentHelp)
    .argument('[alias]', aliasHelp)
    .option('--protected', 'once set, let it move by promotion and rollback alone')
    .option('--no-protected', 'let it be set to any version')
    .option('--approvals <number>', 'how many others have to approve a promotion, 0 to 10', approvalCount)
    .option('--eval <name>', 'the eval that has to pass, or none, which leaves the choice to whoever asks')
    .addOption(reasonOption())
    .action(async (agent: string, alias: string | undefined, options: PolicyOptions) => {
      const { setPolicy } = await import('./alias/policy.ts');
      await setPolicy(agent, alias ?? usualAlias, options);
    });
  return asksAnywhere(command, 'pawl alias policy triage --eval triage --approvals 2');
}

function defaultCommand(): Command {
  const command = new Command('default')
    .description('name the alias that decides for sessions that name the agent alone')
    .argument('<agent>', agentHelp)
    .argument('<alias>', 'the alias, or none, which gives those sessions the latest version')
    .addOption(reasonOption())
    .action(async (agent: string, alias: string, options: ChangeOptions) => {
      const { setDefault } = await import('./alias/default.ts');
      await setDefault(agent, alias, options);
    });
  return asksAnywhere(command, 'pawl alias default triage production');
}
