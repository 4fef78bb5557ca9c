import type { RolloutResponse } from '../../api/rollouts.ts';
import { plain } from '../../core/plain-text.ts';
import { counted, points } from '../../core/quantities.ts';
import { columns } from '../output.ts';
import { checkCells, checkHeads, checkSentence } from '../rollout/check-text.ts';
import type { Served, Step } from './step.ts';

type Evidence = RolloutResponse['evidence'];

/** What is tried, and what would take it back. */
export function startedLines({ rollout, tickets }: Extract<Step, { kind: 'canary_started' }>): string[] {
  const { id, candidate_version, settings, weight } = rollout;
  const [, ...later] = settings.steps.map((step) =>
    step.weight === 100 ? 'all of them' : `${step.weight} %`,
  );
  const margin = points(settings.guardrails[0]?.margin ?? 0);
  return [
    `Version ${candidate_version} gets ${weight} % of the customers, and more as it proves itself`,
    `This is ${id}: ${weight} %, then ${later.join(', then ')}. Whoever has version ${candidate_version} keeps it.`,
    `It comes back by itself when it is worse by more than ${margin} points, in sessions that fail or tickets routed right.`,
    `Simulated customers write now, ${tickets} different tickets that nobody has labelled. The application sends them by the SDK`,
    'to agent_…@production, and says of each session afterwards whether the right team got it.',
  ];
}

/** What the server has done by itself, on one line with the numbers that it was done on. */
export function changedLine({ rollout, event }: Extract<Step, { kind: 'canary_changed' }>): string {
  const { sessions, checks } = event.data as unknown as Evidence;
  const canary = sessions.reduce((sum, one) => sum + one.canary, 0);
  const all = sessions.reduce((sum, one) => sum + one.control, canary);
  // The last event of a rollout finds it with no weight any more.
  const at = sessions.at(-1)?.weight ?? rollout.weight;
  const who = `${counted(all, 'customer')} so far, ${canary} of them with version ${rollout.candidate_version}`;
  return `at ${at} %: ${who}; ${found(checks)}. ${consequence(rollout, event, at)}`;
}

function found(checks: Evidence['checks']): string {
  const broken = checks.filter(({ status }) => status === 'broken').map(({ metric }) => metric);
  if (broken.length > 0) return `${broken.join(' and ')} is broken`;
  return checks.every(({ status }) => status === 'safe')
    ? 'every guardrail is safe'
    : 'no guardrail is broken';
}

function consequence(
  { settings }: RolloutResponse,
  { event, reason }: Extract<Step, { kind: 'canary_changed' }>['event'],
  at: number,
): string {
  switch (event) {
    case 'step':
      return `On to ${settings.steps.find(({ weight }) => weight > at)?.weight} %.`;
    case 'completed':
      return 'On to everybody.';
    case 'rolled_back':
      return 'Back to nobody.';
    default:
      return `It is ${event}${reason === null ? '' : `: ${plain(reason)}`}.`;
  }
}

/** What became of it, and why. */
export function endedLines(step: Extract<Step, { kind: 'canary_ended' }>): string[] {
  const { rollout, alias, session_version } = step;
  const { status, candidate_version, evidence } = rollout;
  const known = evidence.checks.map((check) => `  ${checkSentence(check)}`);
  if (status === 'completed') {
    return [
      `Version ${candidate_version} is production, and the evidence has decided that`,
      ...known,
      `The alias has moved by itself: a session gets version ${session_version} now.`,
    ];
  }
  if (status !== 'rolled_back') {
    return [
      `Version ${candidate_version} is not shown to be no worse`,
      ...known,
      `There are no more customers, so it is ${status}: a session gets version ${session_version}.`,
    ];
  }
  return [
    `Version ${candidate_version} is taken back, and nobody was woken for it`,
    ...evidence.checks
      .filter((check) => check.status === 'broken')
      .map((check) => `  ${checkSentence(check)}`),
    ...wrongLines(step),
    `production is version ${alias.version} for everybody: a session gets version ${session_version}. ${
      alias.hold === null ? '' : 'It is held there until somebody releases it.'
    }`.trim(),
  ];
}

function wrongLines({ rollout, customers, in_common }: Extract<Step, { kind: 'canary_ended' }>): string[] {
  const own = customers.find(({ version }) => version === rollout.candidate_version);
  if (own === undefined || own.wrong === 0) return [];
  const words = in_common.map((word) => `"${plain(word)}"`).join(', ');
  return [
    `  ${own.wrong} of the tickets of ${counted(own.customers, 'customer')} went to the wrong team.`,
    words === ''
      ? 'No word is in all of them that no labelled ticket has.'
      : `All of those have the word ${words}, which no labelled ticket has: that is why the gate could not see it.`,
    'Such a session can become a labelled case: pawl dataset add-case',
  ];
}

const barWidth = 30;

/** How a rollout stands, to be drawn over and over while customers write. */
export function canaryBlock(rollout: RolloutResponse, served: Served): string[] {
  const { weight, candidate_version, baseline_version, evidence, decision } = rollout;
  const filled = Math.round((weight / 100) * barWidth);
  const customers = (version: number): number =>
    served.find((one) => one.version === version)?.customers ?? 0;
  return [
    `version ${candidate_version} [${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)}] ${weight} %   answered: ${customers(candidate_version)} by version ${candidate_version}, ${customers(baseline_version)} by version ${baseline_version}`,
    ...columns([checkHeads, ...evidence.checks.map(checkCells)]).map((line) => `  ${line}`),
    `  ${decision?.reason ?? 'it has not been looked at yet'}`,
  ];
}
