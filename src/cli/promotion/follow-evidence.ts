import type { PromotionResponse } from '../../api/promotions.ts';
import { parseTime } from '../../core/clock.ts';
import { isOver } from '../../core/evaluation.ts';
import { retrieveAgent } from '../alias/alias-calls.ts';
import type { ReleaseOptions } from '../alias/release-server.ts';
import { CommandError } from '../command-error.ts';
import { endingOf, failureOf } from '../eval/ending.ts';
import { printReport, watchOnScreen } from '../eval/follow.ts';
import { note } from '../eval/note.ts';
import { resumeSubject, retrieveSubject } from '../eval/resume.ts';
import type { Subject } from '../eval/subject.ts';
import { exitCodes } from '../exit-codes.ts';
import type { OpenServer } from '../open-server.ts';
import { print, printJson } from '../output.ts';
import { typed } from '../typed.ts';
import { changePromotion, retrievePromotion } from './promotion-calls.ts';
import { standing } from './standing.ts';

/** The options of commands that follow the evidence of a promotion. */
export type FollowOptions = ReleaseOptions & { readonly wait: boolean };

/** @throws CommandError when nobody would be there to gather evidence that the command does not wait for. */
export function requireSomebody({ embedded }: OpenServer, { wait }: FollowOptions): void {
  if (!embedded || wait) return;
  throw new CommandError('--no-wait needs a server that goes on by itself; start one with `pawl serve`');
}

/**
 * Follows the evidence of a promotion to its end, prints the gate's report and what the promotion still lacks, and
 * sets the exit code by the verdict. `since` is the time before the promotion was sent, in milliseconds since 1970.
 * @throws CommandError, also when there is no verdict; InterruptedError
 */
export async function followEvidence(
  server: OpenServer,
  promotion: PromotionResponse,
  options: FollowOptions & { readonly since: number },
): Promise<void> {
  const { id, evidence } = promotion;
  const { url, output, wait } = options;
  if (!wait) return printStanding(server, promotion, { output, url, report: null });
  const again = typed(['promotion', 'evaluate', id], url);
  if (evidence === null) throw new CommandError(`${id} has no evidence yet; ${again} measures it`);
  const subject = await evidenceAtEnd(server, promotion, { ...options, comparison: evidence.comparison_id });
  const failure = failureOf(subject);
  if (failure !== null) throw new CommandError(`${failure}; ${id} stands, and ${again} measures it again`);
  if (output === 'table') await printReport(server, subject, 'table');
  const report = subject.type === 'comparison' ? subject.report : null;
  await printStanding(server, await retrievePromotion(server, id), { output, url, report });
  const { exit_code } = endingOf(subject);
  if (exit_code !== exitCodes.ok) process.exitCode = exit_code;
}

/** Prints where a promotion stands; `report` is for programs. @throws CommandError */
export async function printStanding(
  server: OpenServer,
  promotion: PromotionResponse,
  { output, url, report }: ReleaseOutput,
): Promise<void> {
  if (output === 'json') return printJson({ promotion, report });
  const { agent_id, candidate_version } = promotion;
  const { pawl } = await retrieveAgent(server, agent_id, candidate_version);
  const text = standing(promotion, { url, version_author: pawl.author });
  print(report === null ? text : `\n${text}`);
}

type ReleaseOutput = {
  readonly output: ReleaseOptions['output'];
  readonly url: string | undefined;
  readonly report: Extract<Subject, { readonly type: 'comparison' }>['report'];
};

async function evidenceAtEnd(
  server: OpenServer,
  { id }: PromotionResponse,
  options: { readonly url?: string; readonly since: number; readonly comparison: string },
): Promise<Subject> {
  const { url, since, comparison } = options;
  const named = { type: 'comparison', id: comparison } as const;
  const now = await retrieveSubject(server, named);
  if (isOver(now.status)) return now;
  const isLeft = server.embedded && (parseTime(now.created_at) ?? 0) < since * 1000;
  const followed = isLeft ? await resumeSubject(server, named) : named;
  const onStop = (): void => note(stopNote(server, id, url));
  const ended = await watchOnScreen(server, followed, { screen: process.stderr, onStop });
  // What nobody waited for any more gives way to what has come to its end.
  if (followed.id !== comparison) await changePromotion(server, id, { verb: 'evaluate', body: {} });
  return ended;
}

function stopNote({ embedded, url: place }: OpenServer, id: string, url: string | undefined): string {
  const [again, withdraw] = [
    typed(['promotion', 'evaluate', id], url),
    typed(['promotion', 'withdraw', id], url),
  ];
  if (embedded) return `Stopping. ${id} stands, and what is done is kept: ${again} does the rest.`;
  return `${id} stands, and its evidence goes on at ${place}: ${again} follows it again, and ${withdraw} takes it back.`;
}
