import { Command } from 'commander';
import { lockOption, pathsHelp } from './agent-files/options.ts';
import type { PlanOptions } from './agent-files/show-plan.ts';
import { serverOption } from './eval/options.ts';
import { outputOption } from './output.ts';

/** `pawl plan`: what applying agent files would do. */
export function planCommand(): Command {
  return new Command('plan')
    .description('show what `pawl apply` would do')
    .argument('[paths...]', pathsHelp)
    .option('--exit-code', 'end with 1 when there is anything to apply')
    .addOption(lockOption())
    .addOption(serverOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ pawl plan agents/triage.md')
    .action(async (paths: string[], options: PlanOptions) => {
      const { showPlan } = await import('./agent-files/show-plan.ts');
      await showPlan(paths, options);
    });
}
