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
import { follow } from './follow.ts';
import { describeStep } from './report.ts';
import { type Step, type StoryOptions, tellStory } from './story.ts';
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
  try {
    await requirePawl(access);
    await requireAdmin(access);
    await tell(options, target, {
      ...{ access, client, signal, is_shared: !embedded },
      model: options.model ?? settings.model ?? usualModel,
      tickets: options.tickets ?? fileURLToPath(bundledTickets),
      concurrency: options.concurrency ?? null,
      follow: async (subject) => follow(access, subject, { signal, screen }),
    });
  } catch (error) {
    if (signal.aborted) throw new InterruptedError();
    throw explained(error, target);
  } finally {
    // A turn that hangs must not keep whoever wants to leave.
    await Promise.race([target.close(), wait(closeWithinMs, undefined, { ref: false })]);
    process.off('SIGINT', onInterrupt);
  }
}

async function tell(options: TutorialOptions, target: Target, story: StoryOptions): Promise<void> {
  const asJson = options.output === 'json';
  const { access, embedded } = target;
  const paint = paintFor(process.stdout);
  const format = { format: 'table', colours: hasColours(process.stdout) } as const;
  const steps: Step[] = [];
  if (!asJson) print(opening(target));
  for await (const step of tellStory(story)) {
    steps.push(step);
    if (asJson) continue;
    const text = await describeStep(step, {
      paint,
      fetchTable: async (subject) => (await fetchReport(access, subject, format)).trimEnd(),
    });
    print(text);
    if (options.pace && step.kind !== 'archived') await waitForEnter(story.signal);
  }
  if (asJson) printJson({ server: { url: access.url, embedded }, steps });
  else print(closing());
}

function opening({ access, embedded }: Target): string {
  const where = embedded ? `an embedded server, in memory, on ${access.url}` : `the server at ${access.url}`;
  return `A prompt gets worse, a gate refuses it, somebody insists, and one command goes back: told to ${where}.`;
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
  Read how a program talks to agents and versions: examples/ticket-triage.ts in the repository`;
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
