import { Command, InvalidArgumentError } from 'commander';
import { agentHelp, reasonOption } from './alias/release-options.ts';
import type { ReleaseOptions } from './alias/release-server.ts';
import type { RuleOptions } from './retention/set.ts';
import { anywhereText, asksAnywhere } from './server-command.ts';

/** `pawl retention`: how long sessions are kept. */
export function retentionCommand(): Command {
  return new Command('retention')
    .description('see and say how long sessions are kept')
    .addCommand(showCommand())
    .addCommand(setCommand())
    .addCommand(clearCommand())
    .addHelpText('after', anywhereText('pawl retention show'));
}

// What each command needs is loaded when it runs, so that help is quick.

function showCommand(): Command {
  const command = new Command('show')
    .description('show how long the sessions of each agent are kept, and how many would go now')
    .argument('[agent]', `${agentHelp} (default: all agents)`)
    .action(async (agent: string | undefined, options: ReleaseOptions) => {
      const { showRetention } = await import('./retention/show.ts');
      await showRetention(agent ?? null, options);
    });
  return asksAnywhere(command, 'pawl retention show triage');
}

function setCommand(): Command {
  const command = new Command('set')
    .description('give an agent a rule of its own for how long its sessions are kept')
    .argument('<agent>', agentHelp)
    .argument('<days>', 'days since anything has happened in a session, or never', daysOrNever)
    .option('--export', 'write sessions into a file before they are deleted')
    .option('--no-export', 'delete them without (default: what the server does by itself)')
    .addOption(reasonOption())
    .action(async (agent: string, days: number | 'never', options: RuleOptions) => {
      const { setRetention } = await import('./retention/set.ts');
      await setRetention(agent, days === 'never' ? null : days, options);
    });
  return asksAnywhere(command, "pawl retention set triage 90 --reason 'As our privacy notice says'");
}

function clearCommand(): Command {
  const command = new Command('clear')
    .description('take the rule of an agent away, so that the setting of the server applies')
    .argument('<agent>', agentHelp)
    .action(async (agent: string, options: ReleaseOptions) => {
      const { clearRetention } = await import('./retention/set.ts');
      await clearRetention(agent, options);
    });
  return asksAnywhere(command, 'pawl retention clear triage');
}

function daysOrNever(text: string): number | 'never' {
  if (text === 'never') return text;
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It has to be a whole number of days from 1, or never.');
}
