import { relative } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import Anthropic from '@anthropic-ai/sdk';
import { unreachable } from '../api-client.ts';
import { CommandError, InterruptedError } from '../command-error.ts';
import { settingsHere } from '../environment.ts';
import { fetchReport } from '../eval/report.ts';
import { exitCodes } from '../exit-codes.ts';
import { type Format, hasColours, paintFor, print, printJson } from '../output.ts';
import { createScreenBlock, type ScreenBlock } from '../screen-block.ts';
import { canaryBlock } from './canary-text.ts';
import { follow } from './follow.ts';
import { describeStep } from './report.ts';
import type { StoryOptions } from './stage.ts';
import type { Step } from './step.ts';
import { tellStory } from './story.ts';
import { openTarget, requireAdmin, requirePawl, type Target } from './target.ts';
import { bundledTickets } from './tickets.ts';

/** What the command line says. */
export type TutorialOptions = {
  readonly url?: string;
  readonly model?: string;
  readonly tickets?: string;
  readonly concurrency?: number;
  readonly pace?: true;
  readonly output: Format;
};

const usualModel = 'claude-sonnet-4-6';
const closeWithinMs = 3000;
/** So many can be followed by somebody who watches. */
const customersPerSecond = 20;

/** Tells the story from beginning to end. @throws CommandError, InterruptedError, ConfigError */
export async function runTutorial(options: TutorialOptions): Promise<void> {
  if (options.pace && (process.stdin.isTTY !== true || options.output === 'json')) {
    throw new CommandError('--pace waits for Enter, so it needs a terminal and no -o json');
  }
  const settings = settingsHere();
  const interruption = new AbortController();
  const { signal } = interruption;
  const onInterrupt = (): void => {
    if (signal.aborted) process.exit(exitCodes.interrupted);
    interruption.abort();
  };
  process.on('SIGINT', onInterrupt);
  const target = await openTarget(options.url, settings);
  const { access, client, embedded } = target;
  const screen = options.output === 'json' ? null : process.stderr;
  const block = screen?.isTTY === true ? createScreenBlock(screen) : null;
  try {
    await requirePawl(access);
    await requireAdmin(access);
    await tell(
      { options, target, block },
      {
        ...{ access, client, signal, is_shared: !embedded },
        model: options.model ?? settings.model ?? usualModel,
        tickets: options.tickets ?? fileURLToPath(bundledTickets),
        concurrency: options.concurrency ?? null,
        customers_per_second: block === null ? null : customersPerSecond,
        follow: async (subject) => follow(access, subject, { signal, screen }),
        onCanary: (rollout, served) => block?.draw(canaryBlock(rollout, served)),
      },
    );
  } catch (error) {
    if (signal.aborted) throw new InterruptedError();
    throw explained(error, target);
  } finally {
    block?.erase();
    // A turn that hangs must not keep whoever wants to leave.
    await Promise.race([target.close(), wait(closeWithinMs, undefined, { ref: false })]);
    process.off('SIGINT', onInterrupt);
  }
}

type Telling = {
  readonly options: TutorialOptions;
  readonly target: Target;
  readonly block: ScreenBlock | null;
};

async function tell({ options, target, block }: Telling, story: StoryOptions): Promise<void> {
  const asJson = options.output === 'json';
  const { access, embedded } = target;
  const paint = paintFor(process.stdout);
  const format = { format: 'table', colours: hasColours(process.stdout) } as const;
  const steps: Step[] = [];
  if (!asJson) print(opening(target));
  for await (const step of tellStory(story)) {
    steps.push(step);
    block?.erase();
    if (asJson) continue;
    const text = await describeStep(step, {
      paint,
      fetchTable: async (subject) => (await fetchReport(access, subject, format)).trimEnd(),
    });
    print(text);
    if (options.pace && !underway.includes(step.kind)) await waitForEnter(story.signal);
  }
  if (asJson) printJson({ server: { url: access.url, embedded }, steps });
  else print(closing());
}

/** After these steps something goes on, or nothing comes any more. */
const underway: readonly Step['kind'][] = ['canary_started', 'canary_changed', 'archived'];

function opening({ access, embedded }: Target): string {
  const where = embedded ? `an embedded server, in memory, on ${access.url}` : `the server at ${access.url}`;
  return `A prompt gets worse and is taken back, a better one goes out step by step, and a bad one comes back by itself:\ntold to ${where}.`;
}

function closing(): string {
  const file = relative(process.cwd(), fileURLToPath(bundledTickets));
  return `
What to try next (in a clone, \`npm run pawl --\` stands for \`pawl\`)
  Change a ticket in a copy of ${file}: pawl tutorial --tickets COPY
  Run a server that keeps what it is told: pawl serve
  See what it would use, and who answers for which model: pawl doctor
  Score an agent of yours on tickets of yours: pawl eval run FILE, as examples/triage.eval.yaml in the repository
  Put a version of yours behind production, and take it back: pawl alias set, pawl promote, pawl rollback
  Give it to a few customers first, and watch what becomes of it: pawl rollout start PROMOTION --watch
  Read how a program talks to agents and versions: examples/ticket-triage.ts, and examples/canary.ts in a canary`;
}

async function waitForEnter(signal: AbortSignal): Promise<void> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    // In raw mode, Ctrl-C comes here and not as a signal.
    terminal.on('SIGINT', () => process.emit('SIGINT'));
    await terminal.question('\nPress Enter to go on. ', { signal });
  } finally {
    terminal.close();
  }
}

function explained(error: unknown, { access }: Target): unknown {
  if (error instanceof Anthropic.APIConnectionError) return unreachable(access, error);
  if (!(error instanceof Anthropic.APIError)) return error;
  const { error: body } = (error.error ?? {}) as { error?: { message?: unknown } };
  const message = typeof body?.message === 'string' ? body.message : `status ${error.status}`;
  return new CommandError(`The server at ${access.url} refused: ${message}`, { cause: error });
}
