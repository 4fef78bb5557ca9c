import type { RolloutResponse } from '../../api/rollouts.ts';
import { type ReleaseOptions, withReleases } from '../alias/release-server.ts';
import { columns, print, printJson } from '../output.ts';
import { limitCells, limitHeads, short } from './check-text.ts';
import { endingOf, retrieveRollout } from './rollout-calls.ts';
import { rolloutIdOf } from './rollout-id.ts';
import { rolloutStanding } from './rollout-standing.ts';

/** Shows all there is to know about a rollout. @throws CommandError, ConfigError */
export async function showRollout(named: string, options: ReleaseOptions): Promise<void> {
  await withReleases(options, async (server) => {
    const rollout = await retrieveRollout(server, await rolloutIdOf(server, named));
    if (options.output === 'json') return printJson(rollout);
    const ending = await endingOf(server, rollout);
    const { head, checks, next } = rolloutStanding(rollout, { url: options.url, ending });
    const limitLines = columns([limitHeads, ...rollout.evidence.checks.map(limitCells)]);
    const sections = [head, factLines(rollout), stepLines(rollout), checks, limitLines, next];
    print(sections.map((lines) => lines.join('\n')).join('\n\n'));
  });
}

function factLines(rollout: RolloutResponse): string[] {
  const { promotion_id, retry_of, started_by, created_at, reason, settings, evidence } = rollout;
  const { looks, last_look_at, next_look_at, decision } = rollout;
  const { alpha, look_seconds, patience_seconds, on_rollback, scorers } = settings;
  const { units, excluded, sample_ratio } = evidence;
  const counts = ({ canary, control }: typeof units): string => `${canary} canary, ${control} control`;
  return columns([
    ['Promotion', promotion_id],
    ...(retry_of === null ? [] : [['Tries again', retry_of]]),
    ['Started', `by ${started_by.name} at ${created_at}${reason === null ? '' : `: ${reason}`}`],
    ['Looks', `${looks}, one every ${look_seconds} s`],
    ...(last_look_at === null ? [] : [['Last look', last_look_at]]),
    ...(next_look_at === null ? [] : [['Next look', next_look_at]]),
    [
      'Last decision',
      decision === null ? 'none yet' : `${decision.type.replace('_', ' ')}: ${decision.reason}`,
    ],
    ['Patience', `${patience_seconds} s for evidence in the last step`],
    ['Alpha', String(alpha)],
    ['On rollback', on_rollback],
    ['Units', `${counts(units)}; sample ratio p ${short(sample_ratio.p)}`],
    ['Excluded', counts(excluded)],
    ...scorers.map(({ name, sample, scorer }) => {
      const counts = rollout.scoring.find((one) => one.name === name);
      const left = counts === undefined ? '' : `; ${counts.waiting} waiting, ${counts.given_up} given up`;
      const what = `score:${name} of ${short(sample * 100)} % of the sessions, by ${typeOf(scorer)}${left}`;
      return ['Scorer', what];
    }),
  ]);
}

function stepLines({ settings, step, evidence, ended_at }: RolloutResponse): string[] {
  const rows = settings.steps.map(({ weight, min_seconds, min_sessions, approval }, i) => {
    const seen = evidence.sessions.find((one) => one.weight === weight);
    const now = ended_at === null && i + 1 === step ? 'now' : '';
    const asked = [`${min_seconds} s`, String(min_sessions), approval ? 'yes' : 'no'];
    return [
      String(i + 1),
      `${weight} %`,
      ...asked,
      String(seen?.canary ?? 0),
      String(seen?.control ?? 0),
      now,
    ];
  });
  const heads = ['STEP', 'WEIGHT', 'LASTS', 'NEEDS SESSIONS', 'APPROVAL', 'CANARY', 'CONTROL', ''];
  return columns([heads, ...rows]);
}

function typeOf(scorer: unknown): string {
  return String((scorer as { readonly type?: unknown } | null)?.type);
}
