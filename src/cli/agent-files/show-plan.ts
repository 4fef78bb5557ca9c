import { exitCodes } from '../exit-codes.ts';
import { withServer } from '../open-server.ts';
import { type Format, paintFor, print, printJson } from '../output.ts';
import { isBlocked } from './decide.ts';
import { type FileOptions, leftText, openPlan, readPlanInput } from './open-plan.ts';
import { planText, stepRow } from './plan-text.ts';

export type PlanOptions = FileOptions & { readonly exitCode?: true; readonly output: Format };

/**
 * Prints what `pawl apply` would do. The exit code says whether it could; with `exitCode`, whether there is nothing
 * for it to do.
 * @throws CommandError, ConfigError, InterruptedError
 */
export async function showPlan(paths: readonly string[], options: PlanOptions): Promise<void> {
  const input = readPlanInput(paths, options);
  const { url } = options;
  await withServer(url === undefined ? {} : { url }, async (server) => {
    const { steps, left } = await openPlan(server, input);
    if (options.output === 'json') printJson({ files: steps.map(stepRow), gone: left });
    else print([planText(steps, paintFor(process.stdout), server.url), ...leftText(left)].join('\n'));
    const isOpen = steps.some(({ decision }) => decision.kind !== 'unchanged');
    if (steps.some(({ decision }) => isBlocked(decision)) || (options.exitCode === true && isOpen)) {
      process.exitCode = exitCodes.no;
    }
  });
}
