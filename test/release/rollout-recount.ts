import { armOf, placeOf } from '../../src/core/assignment.ts';
import type { Arm } from '../../src/core/rollout.ts';
import type { SessionUsage } from '../../src/core/usage.ts';
import {
  type CountedSession,
  countSession,
  type LiveEvidence,
  noEvidenceYet,
  type SessionOutcome,
  type UnitState,
} from '../../src/release/rollout/evidence.ts';
import type { DatabaseRows } from '../database-rows.ts';

/*
 * What a rollout has counted, counted anew by somebody else than the server, from the rows of its sessions.
 */

type Row = Readonly<Record<string, unknown>>;

/** How early a look may seem to be: the time that has passed and the time of day are not the same clock. */
const skewUs = 20_000;

/** What has every look leave a row of its own, which says when it was due and when it was taken. */
export function looksTold(kind: 'SQLite' | 'PostgreSQL'): string {
  const table = `create table looks_taken
    (rollout_id text not null, before integer not null, looks integer not null, due_at text, taken_at text)`;
  const when = 'after update of looks on rollouts for each row when (new.looks <> old.looks)';
  const insert =
    'insert into looks_taken values (new.id, old.looks, new.looks, old.next_look_at, new.last_look_at);';
  if (kind === 'SQLite') return `${table}; create trigger looks_told ${when} begin ${insert} end`;
  return `${table};
    create function tell_look() returns trigger language plpgsql as $$ begin ${insert} return new; end $$;
    create trigger looks_told ${when} execute function tell_look()`;
}

/** Looks that were taken twice, or left out, or before they were due. */
export async function lookProblems(rows: DatabaseRows): Promise<string[]> {
  const taken = await rows.query('select * from looks_taken order by rollout_id, looks');
  const rollouts = await rows.query('select id, looks from rollouts');
  return rollouts.flatMap(({ id, looks }) => {
    const own = taken.filter((one) => one['rollout_id'] === id);
    const early = own.filter(({ due_at, taken_at }) => usOf(taken_at) + skewUs < usOf(due_at));
    const isWhole =
      own.length === looks && own.every((one, i) => one['before'] === i && one['looks'] === i + 1);
    return [
      ...(isWhole ? [] : [`${id} has ${looks} looks, and took ${own.map((one) => one['looks']).join(' ')}`]),
      ...early.map((one) => `${id}: look ${one['looks']} was due at ${one['due_at']}, and taken before`),
    ];
  });
}

function usOf(time: unknown): number {
  const text = String(time);
  return Date.parse(`${text.slice(0, 23)}Z`) * 1000 + Number(text.slice(23, 26));
}

/** Sessions that are in another arm than their key's place in the rollout says, or run another version than it has. */
export async function placeProblems(rows: DatabaseRows): Promise<string[]> {
  const sessions = await rows.query(`select s.id, s.arm, s.weight, s.agent_version, s.metadata, s.unit,
    r.salt, r.baseline_version, r.candidate_version, r.settings
    from sessions s join rollouts r on r.id = s.rollout_id`);
  return sessions.flatMap((row) => {
    const { targeting_key } = JSON.parse(String(row['metadata'])) as { targeting_key?: string };
    const place = placeOf(String(row['salt']), targeting_key ?? String(row['id']));
    const arm = armOf(place, Number(row['weight']));
    const version = arm === 'canary' ? row['candidate_version'] : row['baseline_version'];
    const { steps } = JSON.parse(String(row['settings'])) as {
      readonly steps: readonly { weight: number }[];
    };
    const isThere = row['arm'] === arm && row['unit'] === place.unit && row['agent_version'] === version;
    const isStep = steps.some(({ weight }) => weight * 100 === row['weight']);
    return isThere && isStep ? [] : [`session ${row['id']} is not where it belongs`];
  });
}

/** Rollouts whose evidence is not what was counted of their sessions and units, each once. */
export async function countingProblems(rows: DatabaseRows): Promise<string[]> {
  const counted =
    await rows.query(`select c.rollout_id, c.counted, s.arm, s.weight, s.unit, s.rollout_id as of
    from rollout_sessions c join sessions s on s.id = c.session_id`);
  const units = await rows.query('select * from rollout_units');
  // What it was made of is forgotten once a rollout is over.
  const rollouts = await rows.query('select id, state from rollouts where ended_at is null');
  return rollouts.flatMap(({ id, state }) => {
    const { evidence } = JSON.parse(String(state)) as { readonly evidence: LiveEvidence };
    const own = counted
      .filter((one) => one['rollout_id'] === id)
      .map((one) => ({ ...one, ...(JSON.parse(String(one['counted'])) as CountedSession) }) as Counted);
    const known = units
      .filter((one) => one['rollout_id'] === id)
      .map((one) => ({ unit: one['unit'], ...(JSON.parse(String(one['state'])) as UnitState) }));
    const inArm = (arm: Arm, isSo: (one: Counted) => boolean): number =>
      own.filter((one) => one.arm === arm && isSo(one)).length;
    const both = (isSo: (one: Counted) => boolean) => ({
      control: inArm('control', isSo),
      canary: inArm('canary', isSo),
    });
    const told = {
      units: evidence.units.control + evidence.units.canary,
      sessions: evidence.sessions.reduce(
        (sum, { control, canary }) => ({ control: sum.control + control, canary: sum.canary + canary }),
        { control: 0, canary: 0 },
      ),
      excluded: evidence.excluded,
      failed: failuresIn(evidence),
      visitors: new Set(own.map(({ unit }) => unit)).size,
      strangers: own.filter((one) => one.of !== id).length,
    };
    const found = {
      units: known.length,
      sessions: both(({ turned, excluded }) => turned && !excluded),
      excluded: both(({ excluded }) => excluded),
      failed: known.filter(({ failed }) => failed).length,
      visitors: known.length,
      strangers: 0,
    };
    const [one, other] = [JSON.stringify(told), JSON.stringify(found)];
    return one === other ? [] : [`${id} tells ${one}, and has counted ${other}`];
  });
}

type Counted = CountedSession & { readonly arm: Arm; readonly unit: string; readonly of: string };

const failuresIn = ({ failures }: LiveEvidence): number =>
  failures.steps.reduce((sum, step) => sum + step.canary_failures + step.control_failures, 0);

/**
 * What a rollout has counted, and what counting all of its sessions anew gives, once everybody is counted. Neither has
 * what depends on the order in which turns ended: p-values, and which of a user's sessions failed first.
 */
export async function recount(
  rows: DatabaseRows,
  id: string,
): Promise<{ readonly found: object; readonly expected: object }> {
  const [rollout] = await rows.query(`select state from rollouts where id = '${id}'`);
  const { evidence } = JSON.parse(String(rollout?.['state'])) as { readonly evidence: LiveEvidence };
  // From its first message on, a session is counted.
  const of = `rollout_id = '${id}' and attempt > 0`;
  const sessions = await rows.query(`select * from sessions where ${of} order by id`);
  const units = new Map<string, UnitState>();
  let anew = noEvidenceYet;
  for (const session of sessions) {
    const outcome = outcomeOf(session);
    const unit = units.get(outcome.unit) ?? null;
    const after = countSession({ evidence: anew, unit, counted: null }, outcome);
    anew = after.evidence;
    units.set(outcome.unit, after.unit);
  }
  const found = standing(evidence);
  return { found, expected: nearly(standing(anew), found) };
}

function outcomeOf(row: Row): SessionOutcome {
  const turns = Number(row['turns']);
  const usage = JSON.parse(String(row['usage'])) as SessionUsage;
  const { ephemeral_5m_input_tokens: short, ephemeral_1h_input_tokens: long } = usage.cache_creation;
  const { input_tokens, output_tokens, cache_read_input_tokens } = usage;
  const values = {
    failures: Number(row['failed_turns']) > 0 ? 1 : 0,
    refusals: Number(row['refused_turns']) > 0 ? 1 : 0,
    tokens: input_tokens + output_tokens + cache_read_input_tokens + short + long,
    latency: Number(row['active_us']) / turns / 1_000_000,
  };
  return {
    ...{ unit: String(row['unit']), arm: row['arm'] as Arm, weight: Number(row['weight']) },
    ...{ excluded: row['overrides'] !== null, turned: turns > 0, values: turns > 0 ? values : {} },
  };
}

function standing(evidence: LiveEvidence): object {
  const { units, sessions, excluded, shared, cells, valued } = evidence;
  const whole = {
    ...{ units, excluded, cells, valued, failed: failuresIn(evidence) },
    shared: shared.toSorted((a, b) => a.first - b.first || a.second - b.second),
    sessions: sessions.filter(({ control, canary }) => control + canary > 0),
  };
  return JSON.parse(JSON.stringify(whole)) as object;
}

/**
 * What is expected, with the number that was found wherever that is all but the same: sums of the same numbers in another
 * order differ in their last digits.
 */
function nearly<T>(expected: T, found: unknown): T {
  if (typeof expected === 'number' && typeof found === 'number') {
    const tolerance = 1e-12 + 1e-9 * Math.abs(expected);
    return Math.abs(expected - found) <= tolerance ? (found as T) : expected;
  }
  if (typeof expected !== 'object' || expected === null) return expected;
  const inFound = (found ?? {}) as Row;
  const near = Object.entries(expected).map(([key, value]) => [key, nearly(value, inFound[key])]);
  return (Array.isArray(expected) ? near.map(([, value]) => value) : Object.fromEntries(near)) as T;
}
