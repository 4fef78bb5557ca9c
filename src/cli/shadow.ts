import { Command, InvalidArgumentError, Option } from 'commander';
import { type ShadowStatus, shadowStatuses } from '../core/evaluation.ts';
import { agentHelp, aliasOption } from './alias/release-options.ts';
import type { ReleaseOptions } from './alias/release-server.ts';
import type { ReportOptions } from './eval/follow.ts';
import { addReportOptions, serverOption, wholeNumber } from './eval/options.ts';
import { outputOption } from './output.ts';
import { expectedOption } from './recorded/options.ts';
import type { CompareShadowOptions, StartShadowOptions } from './recorded/shadows.ts';

/** `pawl shadow`: a version that answers copies of what users say. */
export function shadowCommand(): Command {
  return new Command('shadow')
    .description('have a version answer copies of what users say, seen by nobody, and compare')
    .addCommand(startCommand())
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(stopCommand())
    .addCommand(compareCommand())
    .addHelpText('after', example('pawl shadow start triage --candidate 4'));
}

// What each command needs is loaded when it runs, so that help is quick.

function startCommand(): Command {
  const command = new Command('start')
    .description('begin to copy sessions that are made from now on')
    .argument('<agent>', agentHelp)
    .requiredOption('--candidate <version>', 'the version that answers the copies', wholeNumber)
    .addOption(aliasOption())
    .option('--sample <share>', 'the part of the sessions that is copied, from 0.0001 to 1', share, 0.1)
    .option('--max-sessions <number>', 'after how many copied sessions it stops by itself', wholeNumber, 200)
    .option('--eval <name>', 'the eval whose scorers and gate its comparisons go by')
    .action(async (agent: string, options: StartShadowOptions) => {
      const { startShadow } = await import('./recorded/shadows.ts');
      await startShadow(agent, options);
    });
  return finished(command, 'pawl shadow start triage --candidate 4 --sample 0.5 --eval triage');
}

function listCommand(): Command {
  const command = new Command('list')
    .description('list shadows, newest first')
    .argument('[agent]', `${agentHelp} (default: all agents)`)
    .addOption(new Option('--status <status>', 'only those that stand so').choices(shadowStatuses))
    .action(
      async (agent: string | undefined, options: ReleaseOptions & { readonly status?: ShadowStatus }) => {
        const { listShadows } = await import('./recorded/shadows.ts');
        await listShadows(agent, options);
      },
    );
  return finished(command, 'pawl shadow list triage --status running');
}

function showCommand(): Command {
  const command = new Command('show')
    .description('show how far a shadow is, and what both sides have come to')
    .argument('<id>', idHelp)
    .action(async (id: string, options: ReleaseOptions) => {
      const { showShadow } = await import('./recorded/shadows.ts');
      await showShadow(id, options);
    });
  return finished(command, 'pawl shadow show shdw_…');
}

function stopCommand(): Command {
  const command = new Command('stop')
    .description('stop a shadow for good; what was answered is kept')
    .argument('<id>', idHelp)
    .action(async (id: string, options: ReleaseOptions) => {
      const { stopShadow } = await import('./recorded/shadows.ts');
      await stopShadow(id, options);
    });
  return finished(command, 'pawl shadow stop shdw_…');
}

function compareCommand(): Command {
  const command = new Command('compare')
    .description('compare what the version has answered so far with what users were answered')
    .argument('<id>', idHelp)
    .option('--eval <name>', "another eval than the shadow's")
    .addOption(expectedOption());
  return addReportOptions(command)
    .addOption(serverOption())
    .addHelpText('after', example('pawl shadow compare shdw_… --eval triage'))
    .action(async (id: string, options: ReportOptions & CompareShadowOptions) => {
      const { compareShadow } = await import('./recorded/shadows.ts');
      await compareShadow(id, options);
    });
}

const idHelp = 'the id of a shadow';

function share(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value > 0 && value <= 1) return value;
  throw new InvalidArgumentError('It has to be a number above 0, up to 1.');
}

function finished(command: Command, line: string): Command {
  return command.addOption(serverOption()).addOption(outputOption()).addHelpText('after', example(line));
}

function example(command: string): string {
  return `\nExample:\n  $ ${command}`;
}
