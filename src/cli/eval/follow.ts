import { setTimeout as wait } from 'node:timers/promises';
import type { ServerAccess } from '../api-client.ts';
import { CommandError } from '../command-error.ts';
import { exitCodes } from '../exit-codes.ts';
import type { OpenServer } from '../open-server.ts';
import { hasColours } from '../output.ts';
import { type CommandFlags, commandLine } from './command-line.ts';
import { endingOf, failureOf, type InconclusiveAs, reuseRemarks } from './ending.ts';
import { createLiveDisplay } from './live-display.ts';
import { note } from './note.ts';
import { fetchReport, type ReportFormat, writeReports } from './report.ts';
import { runsOf, type Subject, type SubjectName } from './subject.ts';
import { watchUntilOver } from './watch.ts';

export type ReportOptions = {
  readonly output: ReportFormat;
  /** Files that get the report as well. */
  readonly outputFile?: readonly string[];
  readonly inconclusiveAs?: InconclusiveAs;
};

/**
 * Follows something to its end, prints its report, writes it into files, and sets the exit code that its verdict
 * calls for. When the user stops the command, it says how to go on; `flags` are what such a command needs.
 * @throws CommandError, also when it came to an end without a report.
 */
export async function followToReport(
  server: OpenServer,
  named: SubjectName,
  { flags, ...options }: ReportOptions & { readonly flags: CommandFlags },
): Promise<void> {
  const subject = await watchLive(server, named, flags);
  for (const remark of reuseRemarks(subject)) note(remark);
  refuseFailure(server, subject);
  await printReport(server, subject, options.output);
  await writeReports(server, subject, options.outputFile ?? []);
  const { exit_code, problem } = endingOf(subject, options.inconclusiveAs);
  if (problem !== null) note(`${problem}.`);
  note(
    `The report stays: ${commandLine('show', subject.id, flags)} prints it again, and as a page with -o html.`,
  );
  if (exit_code !== exitCodes.ok) process.exitCode = exit_code;
}

/** @throws CommandError when something has come to an end that cannot be reported. */
export function refuseFailure({ embedded }: OpenServer, subject: Subject): void {
  const failure = failureOf(subject);
  if (failure === null) return;
  if (embedded) note('With PAWL_LOG_LEVEL=error set, more is said about what goes wrong.');
  throw new CommandError(failure);
}

/** Prints a report on standard output. @throws CommandError */
export async function printReport(
  server: OpenServer,
  subject: SubjectName,
  format: ReportFormat,
): Promise<void> {
  const colours = format === 'table' && hasColours(process.stdout);
  process.stdout.write(await fetchReport(server, subject, { format, colours }));
}

/** Follows something to its end with a display of how far it is. @throws CommandError, InterruptedError */
export async function watchLive(
  server: OpenServer,
  named: SubjectName,
  flags: CommandFlags,
): Promise<Subject> {
  const onStop = (): void => note(stopNote(server, named.id, flags));
  return watchOnScreen(server, named, { screen: process.stderr, onStop });
}

type ScreenOptions = {
  /** Where to show how far it is; null shows it nowhere. */
  readonly screen: NodeJS.WriteStream | null;
  /** Called when the user stops the command, once the display is gone. */
  readonly onStop: () => void;
};

const tickMs = 1000;

/** As `watchLive`, on any screen. @throws CommandError; rejects with the signal's reason as well. */
export async function watchOnScreen(
  server: ServerAccess & { readonly signal: AbortSignal },
  named: SubjectName,
  { screen, onStop }: ScreenOptions,
): Promise<Subject> {
  const { signal } = server;
  const display =
    screen === null ? null : createLiveDisplay({ screen, now: (): number => performance.now() });
  const leave = (): void => {
    clearInterval(ticks);
    display?.finish();
    onStop();
  };
  const ticks = setInterval(() => display?.tick(), tickMs);
  signal.addEventListener('abort', leave, { once: true });
  try {
    return await watchUntilOver(server, named, {
      onState(subject) {
        if (!signal.aborted) display?.show(runsOf(subject));
      },
      pause: async (ms) => wait(ms, undefined, { signal }),
    });
  } finally {
    clearInterval(ticks);
    signal.removeEventListener('abort', leave);
    if (!signal.aborted) display?.finish();
  }
}

/** What becomes of the runs of somebody who stops watching. */
export function stopNote({ embedded, url }: OpenServer, id: string, flags: CommandFlags): string {
  if (embedded) return `Stopping. What is done is kept: ${commandLine('resume', id, flags)} does the rest.`;
  const [watch, cancel] = [commandLine('watch', id, flags), commandLine('cancel', id, flags)];
  return `${id} goes on at ${url}: ${watch} follows it again, and ${cancel} stops it.`;
}
