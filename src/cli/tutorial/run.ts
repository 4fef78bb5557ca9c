import { relative } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import Anthropic from '@anthropic-ai/sdk';
import { unauthorized, unreachable } from '../api-client.ts';
import { CommandError, InterruptedError } from '../command-error.ts';
import { settingsHere } from '../environment.ts';
import { exitCodes } from '../exit-codes.ts';
import { type Format, paintFor, print, printJson } from '../output.ts';
import { noProgress, showProgress } from '../progress.ts';
import { describeStep } from './report.ts';
import { type Step, tellStory } from './story.ts';
import { openTarget, type Target } from './target.ts';
import { bundledTickets, readTickets, type Ticket } from './tickets.ts';

export type TutorialOptions = {
  readonly url?: string;
  readonly model?: string;
  readonly tickets?: string;
  readonly concurrency: number;
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
  const tickets = readTickets(options.tickets ?? bundledTickets);
  const interruption = new AbortController();
  const onInterrupt = (): void => {
    if (interruption.signal.aborted) process.exit(exitCodes.interrupted);
    interruption.abort();
  };
  process.on('SIGINT', onInterrupt);
  const target = await openTarget(options.url, settings);
  try {
    await follow({
      options,
      target,
      tickets,
      model: options.model ?? settings.model ?? usualModel,
      signal: interruption.signal,
    });
  } catch (error) {
    if (interruption.signal.aborted) throw new InterruptedError();
    throw explained(error, target);
  } finally {
    // A turn that hangs must not keep whoever wants to leave.
    await Promise.race([target.close(), wait(closeWithinMs, undefined, { ref: false })]);
    process.off('SIGINT', onInterrupt);
  }
}

type Telling = {
  readonly options: TutorialOptions;
  readonly target: Target;
  readonly tickets: readonly Ticket[];
  readonly model: string;
  readonly signal: AbortSignal;
};

async function follow({ options, target, tickets, model, signal }: Telling): Promise<void> {
  const asJson = options.output === 'json';
  const paint = paintFor(process.stdout);
  const progress = (label: string, total: number) =>
    asJson ? noProgress : showProgress(label, total, process.stderr);
  const steps: Step[] = [];
  if (!asJson) print(opening(target));
  for await (const step of tellStory({
    client: target.client,
    model,
    tickets,
    concurrency: options.concurrency,
    signal,
    progress,
  })) {
    steps.push(step);
    if (asJson) continue;
    print(describeStep(step, paint));
    if (options.pace && step.kind !== 'archived') await waitForEnter(signal);
  }
  if (asJson) printJson({ server: { url: target.access.url, embedded: target.embedded }, steps });
  else print(closing());
}

function opening({ access, embedded }: Target): string {
  const where = embedded ? `an embedded server, in memory, on ${access.url}` : `the server at ${access.url}`;
  return `A prompt gets worse, and goes back: told to ${where}, through the official SDK.`;
}

function closing(): string {
  const file = relative(process.cwd(), fileURLToPath(bundledTickets));
  return `
What to try next (in a clone, \`npm run pawl --\` stands for \`pawl\`)
  Change a ticket in a copy of ${file}: pawl tutorial --tickets COPY
  Run a server that keeps what it is told: pawl serve
  See what it would use, and who answers for which model: pawl doctor
  Make a key for somebody else: pawl keys create NAME
  Read the same story as a program: examples/ticket-triage.ts in the repository`;
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
  if (error instanceof Anthropic.AuthenticationError) return unauthorized(access);
  if (error instanceof Anthropic.APIConnectionError) return unreachable(access, error);
  if (error instanceof Anthropic.APIError) {
    const { error: body } = (error.error ?? {}) as { error?: { message?: unknown } };
    const message = typeof body?.message === 'string' ? body.message : `status ${error.status}`;
    return new CommandError(`The server at ${access.url} refused: ${message}`, { cause: error });
  }
  return error;
}
