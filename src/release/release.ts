import type { Audit } from '../access/audit.ts';
import { serverActor } from '../access/keys.ts';
import type { Versions } from '../agent/versions.ts';
import type { Bus } from '../core/bus.ts';
import type { Clock } from '../core/clock.ts';
import type { Ids } from '../core/ids.ts';
import type { Log } from '../core/log.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { SessionUsage } from '../core/usage.ts';
import type { Comparisons } from '../eval/comparisons.ts';
import type { SessionScorers } from '../eval/session-scoring.ts';
import { createWatchers } from '../eval/watchers.ts';
import type { Duty } from '../queue/duties.ts';
import type { Store } from '../store/dialect.ts';
import type { Notify } from '../webhook/notify.ts';
import { createAliases } from './aliases.ts';
import { createEvidence } from './evidence.ts';
import { createOnlineScoring } from './online/online-scoring.ts';
import type { RecordScore } from './online/scoring-attempt.ts';
import { createCarryOut } from './promotion-move.ts';
import { createPromotionRecords } from './promotion-records.ts';
import { createPromotions } from './promotions.ts';
import { createReviews } from './reviews.ts';
import { createRollbacks } from './rollbacks.ts';
import { createLook } from './rollout/look.ts';
import { createLooks } from './rollout/looks.ts';
import { createRolloutRecords } from './rollout/records.ts';
import type { RolloutDetails } from './rollout/rollout.ts';
import { createRolloutStart } from './rollout/rollout-start.ts';
import { createRollouts } from './rollout/rollouts.ts';
import { createTransitions } from './rollout/transitions.ts';
import { createSweeper, type Stopping } from './sweeper.ts';

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly telemetry: Telemetry;
  readonly audit: Audit;
  readonly versions: Versions;
  readonly comparisons: Comparisons;
  readonly stopping: Stopping;
  readonly notify: Notify;
  readonly bus: Bus;
  /** Looking at rollouts, scoring their sessions, and stopping those of versions that were taken back. */
  readonly duty: Duty;
  readonly scores: { readonly record: RecordScore };
  /** Opens scorers for sessions of rollouts. */
  readonly openScorers: () => SessionScorers;
  /** What tokens of a model cost in US dollars; null when no price is known. */
  readonly costOf: (model: string, usage: SessionUsage) => number | null;
  /** Milliseconds of a clock that nobody sets. */
  readonly elapsed: () => number;
};

/** Puts the room together: aliases, the promotions and rollouts that move them on, and what takes them back. */
export function createRelease(deps: Deps) {
  const { duty } = deps;
  const { shared } = deps.bus;
  const aliases = createAliases(deps);
  const sweeper = createSweeper({ ...deps, shared });
  const evidence = createEvidence(deps.comparisons);
  const records = createPromotionRecords({ ...deps, aliases, evidence });
  const carryOut = createCarryOut({ ...deps, aliases, records });
  const promotions = createPromotions({ ...deps, aliases, evidence, records, carryOut, shared });
  const reviews = createReviews({ ...deps, records });
  const rolling = { promotions: records, records: createRolloutRecords({ ...deps, aliases }), carryOut };
  const transitions = createTransitions({ ...deps, ...rolling, aliases });
  const watchers = createWatchers<RolloutDetails>({
    ...{ bus: deps.bus, kind: 'rollout', read: (id) => rollouts.retrieve(id) },
    onFailure: (id, err) =>
      deps.log.warn({ err, rollout_id: id }, 'The state of a rollout could not be read'),
  });
  const scoring = createOnlineScoring({ ...deps, recordScore: deps.scores.record, actor: serverActor });
  const look = createLook({
    ...{ ...deps, ...rolling, transitions, watchers },
    ...{ onCounted: scoring.enqueue, onCommitted: scoring.wake, onSweep: duty.wake },
  });
  const looks = createLooks({ ...deps, look });
  const beginning = createRolloutStart({ ...deps, ...rolling, aliases });
  const rollouts = createRollouts({
    ...{ ...deps, ...rolling, transitions, beginning, watchers },
    ...{ onStart: duty.wake, onSweep: duty.wake },
  });
  const rollbacks = createRollbacks({
    ...{ ...deps, aliases, records, transitions, watchers, onSweep: duty.wake },
    rollouts: rolling.records,
  });
  const closing = new AbortController();
  let measuring: Promise<void> | null = null;
  let isAdopting = false;
  let wasMine = false;

  /** Sees to all of it, where the duty is ours. */
  function attend(): void {
    sweeper.wake();
    if (!isAdopting) return;
    looks.wake();
    scoring.wake();
    const takesOver = !wasMine;
    wasMine = duty.isMine();
    if (!wasMine) return;
    measuring ??= promotions
      .recover(closing.signal, { takesOver })
      .catch((err: unknown) => deps.log.error({ err }, 'Promotions were left without evidence'))
      .finally(() => {
        measuring = null;
      });
  }
  return {
    ...{ aliases, promotions, reviews, rollbacks, rollouts },

    /**
     * Goes on with what an earlier process left; without `adopt`, promotions wait until somebody evaluates them, and
     * rollouts until a server looks at them.
     */
    recover(adopt: boolean): void {
      isAdopting = adopt;
      if (adopt) looks.start();
      duty.onWake(attend);
      if (duty.isMine()) attend();
    },

    /** Ends scoring, while judges can still answer; what is left is scored after the next start. */
    stopScoring: scoring.stop,

    /** Leaves the rest for the next start. */
    async stop(): Promise<void> {
      closing.abort();
      await Promise.all([measuring, sweeper.stop(), looks.stop(), scoring.stop()]);
    },
  };
}

export type Release = ReturnType<typeof createRelease>;
