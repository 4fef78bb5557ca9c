import type { RolloutEventResponse, RolloutResponse } from '../../api/rollouts.ts';
import { plain } from '../../core/plain-text.ts';
import { columns } from '../output.ts';
import { typed } from '../typed.ts';
import { checkCells, checkHeads } from './check-text.ts';

/** What is known besides the rollout itself. */
export type StandingContext = {
  readonly url: string | undefined;
  /** What ended it; null while it is under way. */
  readonly ending: RolloutEventResponse | null;
};

/** What there is to know for whoever has to decide, as plain lines. */
export type RolloutStanding = {
  /** Who gets what, since when, and what it waits for or how it ended. */
  readonly head: readonly string[];
  /** How what is watched stands: a table with its heads. */
  readonly checks: readonly string[];
  /** What to type next. */
  readonly next: readonly string[];
};

/** How a rollout stands, for people. */
export function rolloutStanding(rollout: RolloutResponse, context: StandingContext): RolloutStanding {
  const steps = columns(nextSteps(rollout, context));
  return {
    head: headLines(rollout, context),
    checks: columns([checkHeads, ...rollout.evidence.checks.map(checkCells)]),
    next: ['How it goes on', ...steps.map((line) => `  ${line}`)],
  };
}

/** A status as people write it. */
export function inWords(status: RolloutResponse['status']): string {
  return status.replace('_', ' ');
}

/** What a rollout waits for, as its last look has found it; null when that is not known, or when it waits for nothing. */
export function waitsFor({ decision, status, step_since, last_look_at }: RolloutResponse): string | null {
  if (status !== 'running' || decision?.type !== 'wait' || decision.waits_for === 'person') return null;
  // A look before the step began has seen another one.
  if (last_look_at === null || last_look_at < step_since) return null;
  return `${decision.waits_for}: ${decision.reason}`;
}

function headLines(rollout: RolloutResponse, { ending }: StandingContext): string[] {
  const { id, alias, agent_id, baseline_version, candidate_version, status } = rollout;
  const move = `${alias} of ${agent_id} from version ${baseline_version} to version ${candidate_version}`;
  return [
    `Rollout ${id}, ${move}, is ${inWords(status)}.`,
    trafficLine(rollout),
    ...reasonLines(rollout, ending),
  ].map(plain);
}

function trafficLine(rollout: RolloutResponse): string {
  const { baseline_version, candidate_version, status, weight, step, step_since, settings, ended_at } =
    rollout;
  if (ended_at !== null) {
    const version = status === 'completed' ? candidate_version : baseline_version;
    return `From ${ended_at} on, the next session of everybody gets version ${version}.`;
  }
  const weights = settings.steps.map((one) => one.weight).join(', ');
  return `${weight} % get version ${candidate_version} and the others version ${baseline_version} since ${step_since}: step ${step} of ${settings.steps.length} (${weights} %).`;
}

/** Why it stands where it does. Reasons come last, because anybody may have written them. */
function reasonLines(rollout: RolloutResponse, ending: RolloutEventResponse | null): string[] {
  const { pause, next_look_at } = rollout;
  if (ending !== null) {
    const { actor, reason } = ending;
    return [`Ended by ${actor.name}${reason === null ? '' : `: ${reason}`}`];
  }
  if (pause !== null) {
    return [
      `It waits for a person since ${pause.since}, paused by ${pause.by} (${pause.cause}): ${pause.reason}`,
    ];
  }
  const waits = waitsFor(rollout);
  if (waits !== null) return [`It waits for ${waits}`];
  return next_look_at === null ? [] : [`It is looked at again at ${next_look_at}.`];
}

/** Commands, each with what it does. */
function nextSteps(rollout: RolloutResponse, { url }: StandingContext): string[][] {
  const { id, agent_id, alias, status, baseline_version } = rollout;
  const on = (verb: string): string => typed(['rollout', verb, id], url);
  const others = alias === 'production' ? [] : ['--alias', alias];
  switch (status) {
    case 'completed':
      return [
        [typed(['rollback', agent_id, ...others], url), `gives everybody version ${baseline_version} again`],
      ];
    case 'rolled_back':
      return [
        [
          typed(['alias', 'release', agent_id, alias], url),
          `lets ${alias} move again, which is held since then`,
        ],
        [on('retry'), 'tries the same once more, from the first step, once it is released'],
      ];
    case 'aborted':
      return [[on('retry'), 'tries the same once more, from the first step']];
    case 'running':
    case 'paused':
      return [
        ...openSteps(rollout, url),
        [on('abort'), 'ends it, and lets its promotion stand'],
        [on('rollback'), `ends it and its promotion, and holds ${alias} at version ${baseline_version}`],
      ];
    default:
      return status satisfies never;
  }
}

function openSteps(rollout: RolloutResponse, url: string | undefined): string[][] {
  const { id, pause, promotion_id } = rollout;
  const on = (verb: string): string => typed(['rollout', verb, id], url);
  const advance = (how: string): string[] => [on('advance'), `${nextStepText(rollout)}, ${how}`];
  const cause = pause?.cause ?? null;
  switch (cause) {
    case null:
      return [
        [on('watch'), 'follows it'],
        [on('pause'), 'keeps it where it is; guardrails go on'],
        advance('without waiting'),
      ];
    case 'approval':
      return [advance('which approves it; by somebody other than who asked for the promotion')];
    // Nothing can be concluded from numbers that do not fit, so that neither can be typed with success.
    case 'sample_ratio':
      return [];
    case 'signal':
      return [[on('resume'), 'goes on, and takes no notice of this signal'], advance('without waiting')];
    case 'inconclusive':
      return [[on('resume'), 'waits for more evidence'], advance('without evidence')];
    case 'blocked':
      return [
        [typed(['promotion', 'show', promotion_id], url), 'shows what the promotion lacks'],
        [on('resume'), 'goes on, once it lacks nothing'],
      ];
    case 'person':
    case 'no_traffic':
      return [[on('resume'), 'goes on'], advance('without waiting')];
    default:
      return cause satisfies never;
  }
}

function nextStepText({ settings, step, alias, candidate_version }: RolloutResponse): string {
  const next = settings.steps[step];
  return next === undefined || next.weight === 100
    ? `moves ${alias} to version ${candidate_version}`
    : `goes on to ${next.weight} %`;
}
