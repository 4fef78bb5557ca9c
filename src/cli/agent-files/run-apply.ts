import { sentenceOf } from '../command-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { type OpenServer, withServer } from '../open-server.ts';
import { type Format, paintFor, print, printJson } from '../output.ts';
import { applyPlan, type Outcome, OvertakenError } from './apply-plan.ts';
import { confirm } from './confirm.ts';
import { isBlocked, isWork } from './decide.ts';
import { writeLock } from './lock.ts';
import type { PlanInput } from './make-plan.ts';
import { type FileOptions, leftText, type OpenPlan, openPlan, readPlanInput } from './open-plan.ts';
import { planText } from './plan-text.ts';

export type ApplyOptions = FileOptions & {
  readonly message?: string;
  readonly yes?: true;
  readonly force?: true;
  readonly output: Format;
};

/**
 * Shows the plan, asks, and has the server say what the files say. The exit code is 1 when the plan cannot be applied
 * or the user does not want it.
 * @throws CommandError, ConfigError, InterruptedError
 */
export async function runApply(paths: readonly string[], options: ApplyOptions): Promise<void> {
  const input = readPlanInput(paths, options);
  const { url } = options;
  await withServer(url === undefined ? {} : { url }, async (server) => {
    const plan = await openPlan(server, input);
    show(plan, server, options);
    const outcomes: Outcome[] = [];
    const isWanted = await mayApply(plan, server, options);
    const isDone = isWanted && (await apply(plan, { input, server, options, outcomes }));
    if (!isDone) process.exitCode = exitCodes.no;
    if (options.output === 'json') printJson({ files: outcomes });
  });
}

/** Where the result goes to a program, the plan goes to standard error. */
function show({ steps, left }: OpenPlan, server: OpenServer, { output }: ApplyOptions): void {
  const screen = output === 'json' ? process.stderr : process.stdout;
  const text = [planText(steps, paintFor(screen), server.url), ...leftText(left)].join('\n');
  screen.write(`${text}\n`);
}

async function mayApply({ steps }: OpenPlan, server: OpenServer, options: ApplyOptions): Promise<boolean> {
  if (steps.some(({ decision }) => isBlocked(decision))) {
    const isContested = steps.some(({ decision: { kind } }) => kind === 'drift' || kind === 'taken');
    const ways =
      '; `pawl pull FILE` takes over what the server has, and `pawl apply --force` puts the files in its place';
    process.stderr.write(`pawl: Nothing is applied${isContested ? ways : ''}.\n`);
    return false;
  }
  if (options.yes === true || !steps.some(({ decision }) => isWork(decision.kind))) return true;
  const isWanted = await confirm('Apply this?', { screen: process, signal: server.signal });
  if (!isWanted) process.stderr.write('pawl: Nothing is applied.\n');
  return isWanted;
}

type Work = {
  readonly input: PlanInput;
  readonly server: OpenServer;
  readonly options: ApplyOptions;
  /** Takes what became of each file. */
  readonly outcomes: Outcome[];
};

/** Whether everything was applied, and nobody was faster. */
async function apply({ api, steps }: OpenPlan, work: Work): Promise<boolean> {
  const { lock: lockPath, message = null, output } = work.options;
  const done = applyPlan(steps, {
    ...{ api, message, lock: work.input.lock, signal: work.server.signal },
    save: (lock) => writeLock(lockPath, lock),
  });
  try {
    for await (const outcome of done) {
      work.outcomes.push(outcome);
      if (output === 'table' && outcome.action !== 'unchanged') print(outcomeText(outcome));
    }
    return true;
  } catch (error) {
    if (!(error instanceof OvertakenError)) throw error;
    process.stderr.write(`pawl: ${sentenceOf(error)}\n`);
    return false;
  }
}

function outcomeText({ path, action, agent_id, version }: Outcome): string {
  switch (action) {
    case 'created':
      return `${path} is ${agent_id} now, at version ${version}.`;
    case 'updated':
      return `${path} is version ${version} of ${agent_id} now.`;
    case 'recorded':
      return `${path} is ${agent_id} at version ${version}, and the lock knows it now.`;
    case 'stayed':
    case 'unchanged':
      return `${path} is ${agent_id} at version ${version}, as before.`;
  }
}
