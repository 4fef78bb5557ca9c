import type { Actor } from '../../access/keys.ts';
import { requireAgent } from '../../agent/agents.ts';
import { requireStarting, requireVersion } from '../../agent/servable.ts';
import { type Clock, formatTime, readTime } from '../../core/clock.ts';
import { PawlError } from '../../core/errors.ts';
import { type AgentRow, findAgent } from '../../store/agents.ts';
import { findAlias } from '../../store/aliases.ts';
import type { Handle, Store } from '../../store/dialect.ts';
import type { Comparison } from '../comparisons.ts';
import type { RecordedComparisons } from './recorded-comparisons.ts';
import type { ScoringRequest } from './scoring.ts';
import { findRecorded } from './window.ts';

/** What a backtest is asked for. */
export type BacktestRequest = ScoringRequest & {
  readonly agent_id: string;
  /** Whose sessions: those that this alias gave the version that it stands for. */
  readonly alias?: string | undefined;
  /** Or those of this version, however they got it. Without either, the alias `production`. */
  readonly version?: number | undefined;
  readonly candidate_version: number;
  /** RFC 3339, as stored; absent is seven days before `to`. */
  readonly from?: string | undefined;
  /** Absent is now. */
  readonly to?: string | undefined;
  readonly limit: number;
  readonly epochs: number;
};

type Deps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly recordedComparisons: RecordedComparisons;
};

const usualWindowUs = 7 * 24 * 3600 * 1_000_000;

/** Backtests: what users said in a window of time is put to a candidate, and compared with what they were answered. */
export function createBacktests({ store, clock, recordedComparisons }: Deps) {
  return {
    /**
     * Begins a backtest, which is a comparison like any other from then on.
     * @throws PawlError `agent_not_found`, `agent_archived`, `alias_not_found`, `version_not_found`, `invalid_request`
     *   when the window is empty, and as `recordedComparisons.compare`
     */
    async create(request: BacktestRequest, by: Actor): Promise<Comparison> {
      const { agent_id, candidate_version, limit } = request;
      const agent = requireAgent(await findAgent(store.db, agent_id), agent_id);
      const version = await baselineOf(store.db, agent, request);
      await requireVersion(store.db, agent, candidate_version);
      requireStarting(agent);
      const now = clock.now();
      const to = request.to ?? formatTime(now);
      const from =
        request.from ?? formatTime((request.to === undefined ? now : readTime(to)) - usualWindowUs);
      if (from >= to) throw new PawlError('invalid_request', `from: must be before ${to}`);
      const alias = aliasOf(request);
      const origin = { type: 'backtest', alias, from, to, limit } as const;
      const nothing = `from: no session of version ${version} from ${from} to ${to} can be put to another version`;
      const asked = { ...request, baseline_version: version, candidate_recorded: null, origin, nothing };
      const window = { agent_id, version, alias, from, to, limit };
      return recordedComparisons.compare(asked, (taking) => findRecorded(store, window, taking), by);
    },
  };
}

export type Backtests = ReturnType<typeof createBacktests>;

/** The version that an alias of an agent stands for. @throws PawlError `alias_not_found` */
export async function requireAliased(db: Handle, agent_id: string, alias: string): Promise<number> {
  const found = await findAlias(db, { agent_id, name: alias });
  if (found !== null && found.version !== null) return found.version;
  const what = found === null ? 'does not exist' : 'stands for no version';
  throw new PawlError('alias_not_found', `alias ${alias} of agent ${agent_id} ${what}`);
}

async function baselineOf(db: Handle, agent: AgentRow, request: BacktestRequest): Promise<number> {
  const { version } = request;
  if (version === undefined) return requireAliased(db, agent.id, aliasOf(request) ?? 'production');
  await requireVersion(db, agent, version);
  return version;
}

function aliasOf({ alias, version }: BacktestRequest): string | null {
  return alias ?? (version === undefined ? 'production' : null);
}
