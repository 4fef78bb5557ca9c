import { Command } from 'commander';
import { agentHelp } from './alias/release-options.ts';
import { serverOption } from './eval/options.ts';
import { anywhereText } from './server-command.ts';
import type { SessionExportOptions } from './session/export.ts';

/** `pawl session`: what has been said. */
export function sessionCommand(): Command {
  return new Command('session')
    .description('take sessions out')
    .addCommand(exportCommand())
    .addHelpText('after', anywhereText('pawl session export --to sessions.jsonl.gz'));
}

// What the command needs is loaded when it runs, so that help is quick.

function exportCommand(): Command {
  return new Command('export')
    .description('write sessions with their events and scores into a file, one in a line of JSON')
    .option('--agent <agent>', `only of this agent: ${agentHelp}`)
    .option('--from <time>', 'only sessions made from this time on, as in 2026-01-31T12:00:00Z')
    .option('--before <time>', 'only sessions made before this time')
    .option('--to <file>', 'where to write them; compressed where it ends in .gz (default: standard output)')
    .addOption(serverOption())
    .addHelpText('after', anywhereText('pawl session export --agent triage --to triage.jsonl.gz'))
    .action(async (options: SessionExportOptions) => {
      const { exportSessions } = await import('./session/export.ts');
      await exportSessions(options);
    });
}
