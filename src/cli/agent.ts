import { Command } from 'commander';
import type { CostsOptions } from './agent/costs.ts';
import { agentHelp } from './alias/release-options.ts';
import { anywhereText, asksAnywhere } from './server-command.ts';

/** `pawl agent`: what there is to know about agents. */
export function agentCommand(): Command {
  return new Command('agent')
    .description('look at agents')
    .addCommand(costsCommand())
    .addHelpText('after', anywhereText('pawl agent costs triage'));
}

function costsCommand(): Command {
  const command = new Command('costs')
    .description('add up what the sessions of an agent have cost, by version, alias and arm')
    .argument('<agent>', agentHelp)
    .option('--from <time>', 'sessions from this time on, as in 2026-01-31T12:00:00Z (default: 30 days)')
    .option('--to <time>', 'sessions before this time (default: now)')
    .action(async (agent: string, options: CostsOptions) => {
      const { showCosts } = await import('./agent/costs.ts');
      await showCosts(agent, options);
    });
  return asksAnywhere(command, 'pawl agent costs triage --from 2026-01-01T00:00:00Z');
}
