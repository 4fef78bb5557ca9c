import type { DatabaseRows } from '../database-rows.ts';

/*
 * What has to be true of a server's database at every moment between two transactions, read from its tables by
 * somebody else than the server: an alias, its history, the promotions that moved it, the audit log and what webhooks
 * are told say the same.
 */

type Row = Readonly<Record<string, unknown>>;
type Entry = Row & { readonly after: Row | null; readonly before: Row | null };

/** What does not agree; empty when everything does. The webhook has to want everything from the first release on. */
export async function disagreements(rows: DatabaseRows, told: 'told' | 'nobody told'): Promise<string[]> {
  const read = (table: string, order: string) => rows.query(`select * from ${table} order by ${order}`);
  const aliases = await read('aliases', 'agent_id, name');
  const moves = await read('alias_moves', 'agent_id, alias, move');
  const promotions = await read('promotions', 'id');
  const reviews = await read('reviews', 'promotion_id, position');
  const audit = await read('audit_entries', 'seq');
  const deliveries = await read('webhook_deliveries', 'id');
  const rollouts = await read('rollouts', 'created_at, id');
  const events = await read('rollout_events', 'rollout_id, seq');
  const entries = audit.map((row) => ({
    ...row,
    after: JSON.parse(String(row['after'])) as Row | null,
    before: JSON.parse(String(row['before'])) as Row | null,
  })) as Entry[];
  const done = entries.filter((entry) => entry['outcome'] === 'done');
  return [
    ...aliases.flatMap((alias) => aliasProblems(alias, { moves: movesOf(alias, moves), rollouts, done })),
    ...promotions.flatMap((promotion) => promotionProblems(promotion, { moves, reviews, done })),
    ...rollouts.flatMap((rollout) =>
      rolloutProblems(rollout, { aliases, promotions, rollouts, events, done }),
    ),
    ...(told === 'told' ? deliveryProblems(done, deliveries) : []),
    ...numberProblems(entries),
  ];
}

function movesOf(alias: Row, moves: readonly Row[]): readonly Row[] {
  return moves.filter((move) => move['agent_id'] === alias['agent_id'] && move['alias'] === alias['name']);
}

type AliasHistory = {
  readonly moves: readonly Row[];
  readonly rollouts: readonly Row[];
  readonly done: readonly Entry[];
};

/** An alias stands where its history ends, which has no gaps, and whose every move is in the audit log once. */
function aliasProblems(alias: Row, { moves, rollouts, done }: AliasHistory): string[] {
  const name = `${alias['agent_id']}@${alias['name']}`;
  const problems: string[] = [];
  const expectSame = (what: string, found: unknown, expected: unknown): void => {
    if (JSON.stringify(found) === JSON.stringify(expected)) return;
    problems.push(`${name}: ${what} is ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`);
  };
  expectSame('the version', alias['version'], moves.at(-1)?.['to_version'] ?? null);
  expectSame('the number of its last move', alias['move'], moves.length);
  for (const [i, move] of moves.entries()) {
    expectSame('the number of a move', move['move'], i + 1);
    expectSame(`the start of move ${i + 1}`, move['from_version'], moves[i - 1]?.['to_version'] ?? null);
  }
  const others = ['alias.policy_changed', 'alias.released', 'alias.held'];
  const isMove = ({ action }: Entry) => !others.includes(String(action));
  const told = done.filter((entry) => entry['subject_id'] === name && isMove(entry));
  expectSame(
    'the audit log',
    told.map(({ action, before, after }) => [
      action,
      before?.['version'],
      after?.['version'],
      after?.['move'],
    ]),
    moves.map((move) => [
      moveActions[String(move['kind'])],
      ...[move['from_version'], move['to_version'], move['move']],
    ]),
  );
  const own = rollouts.filter(
    (one) => one['agent_id'] === alias['agent_id'] && one['alias'] === alias['name'],
  );
  const ids = own.map(({ id }) => id);
  const last = done.findLast(
    ({ subject_id, action }) =>
      (subject_id === name && action !== 'alias.policy_changed') ||
      (ids.includes(subject_id) && action === 'rollout.rolled_back'),
  );
  const isTakenBack = ['alias.rolled_back', 'rollout.rolled_back'].includes(String(last?.['action']));
  expectSame('its hold', alias['hold'] !== null, isTakenBack);
  const open = own.filter(({ ended_at }) => ended_at === null);
  expectSame(
    'its canary',
    [alias['rollout_id'], alias['canary_salt'], alias['canary_version'], alias['canary_weight']],
    open.length === 0
      ? [null, null, null, null]
      : open.flatMap((one) => [one['id'], one['salt'], one['candidate_version'], one['weight']]),
  );
  return problems;
}

const moveActions: Readonly<Record<string, string>> = {
  set: 'alias.set',
  promotion: 'alias.promoted',
  rollback: 'alias.rolled_back',
  removal: 'alias.removed',
};

type Around = {
  readonly moves: readonly Row[];
  readonly reviews: readonly Row[];
  readonly done: readonly Entry[];
};

/** A promotion was carried out once or not at all, and every word about it is in the audit log once. */
function promotionProblems(promotion: Row, { moves, reviews, done }: Around): string[] {
  const id = String(promotion['id']);
  const problems: string[] = [];
  const own = moves.filter((move) => promotionOf(move) === id);
  const [moved] = own;
  const isOver = promotion['status'] === 'completed' || promotion['status'] === 'rolled_back';
  // What was taken back from a canary has never moved the alias.
  const wasCanary = promotion['status'] === 'rolled_back' && promotion['move'] === null;
  const isMoved = isOver && !wasCanary;
  if (own.length !== (isMoved ? 1 : 0))
    problems.push(`${id} is ${promotion['status']} with ${own.length} moves`);
  if ((moved?.['move'] ?? null) !== promotion['move']) problems.push(`${id} names another move`);
  if (moved !== undefined && moved['to_version'] !== promotion['candidate_version']) {
    problems.push(`${id} moved the alias to another version`);
  }
  const next = moves.find((move) => isNext(move, moved));
  const isRolledBack = next?.['kind'] === 'rollback';
  if (isMoved && isRolledBack !== (promotion['status'] === 'rolled_back')) {
    problems.push(`${id} is ${promotion['status']}, and what came next was ${next?.['kind'] ?? 'nothing'}`);
  }
  const isOpen = promotion['status'] === 'in_review' || promotion['status'] === 'approved';
  if (isOpen !== (promotion['ended_at'] === null))
    problems.push(`${id} is ${promotion['status']} and has ended`);
  const said = reviews.filter((review) => review['promotion_id'] === id);
  if (said.length !== promotion['reviews']) problems.push(`${id} counts its reviews wrong`);
  if (said.some((review, i) => review['position'] !== i + 1)) problems.push(`${id} has gaps in its reviews`);
  const told = done.filter((entry) => entry['subject_id'] === id).map((entry) => String(entry['action']));
  const count = (action: string) => told.filter((one) => one === `promotion.${action}`).length;
  const expected: Readonly<Record<string, number>> = {
    created: 1,
    applied: isMoved ? 1 : 0,
    withdrawn: promotion['status'] === 'canceled' ? 1 : 0,
    ...Object.fromEntries(
      Object.entries(verbs).map(([decision, verb]) => [
        verb,
        said.filter((review) => review['decision'] === decision).length,
      ]),
    ),
  };
  for (const [action, times] of Object.entries(expected)) {
    if (count(action) !== times)
      problems.push(`${id}: ${count(action)} × ${action} in the audit log, not ${times}`);
  }
  return problems;
}

const verbs = {
  approve: 'reviewed',
  reject: 'rejected',
  override: 'overridden',
  comment: 'commented',
} as const;

function promotionOf({ evidence }: Row): string | null {
  if (typeof evidence !== 'string') return null;
  return (JSON.parse(evidence) as { readonly promotion_id: string }).promotion_id;
}

function isNext(move: Row, before: Row | undefined): boolean {
  if (before === undefined) return false;
  const isSame = move['agent_id'] === before['agent_id'] && move['alias'] === before['alias'];
  return isSame && move['move'] === Number(before['move']) + 1;
}

type AroundRollout = {
  readonly aliases: readonly Row[];
  readonly promotions: readonly Row[];
  readonly rollouts: readonly Row[];
  readonly events: readonly Row[];
  readonly done: readonly Entry[];
};

/** A rollout stands where its events lead, which have no gaps, and all but looks are in the audit log once. */
function rolloutProblems(rollout: Row, around: AroundRollout): string[] {
  const { promotions, rollouts, done } = around;
  const id = String(rollout['id']);
  const problems: string[] = [];
  const expectSame = (what: string, found: unknown, expected: unknown): void => {
    if (JSON.stringify(found) === JSON.stringify(expected)) return;
    problems.push(`${id}: ${what} is ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`);
  };
  const events = around.events.filter((event) => event['rollout_id'] === id);
  expectSame(
    'the numbering of its events',
    events.map(({ seq }) => seq),
    Array.from({ length: Number(rollout['events']) }, (_, i) => i + 1),
  );
  const told = events.filter(({ type }) => type !== 'look');
  const entries = done.filter((entry) => entry['subject_id'] === id);
  expectSame(
    'the audit log',
    entries.map(({ action, after }) => [action, after?.['event']]),
    told.map(({ type, seq }) => [`rollout.${type}`, seq]),
  );
  const { steps } = JSON.parse(String(rollout['settings'])) as {
    readonly steps: readonly { weight: number }[];
  };
  const types = told.map(({ type }) => String(type));
  const end = ends[String(types.at(-1))];
  const isPaused = types.findLast((type) => type !== 'look') === 'paused';
  const step = end === 'completed' ? steps.length - 1 : types.filter((type) => type === 'step').length;
  const weight = end === undefined ? Math.round((steps[step]?.weight ?? 0) * 100) : weightAtEnd(end);
  expectSame(
    'where it stands',
    [rollout['status'], rollout['step'], rollout['weight'], rollout['ended_at'] !== null],
    [end ?? (isPaused ? 'paused' : 'running'), step, weight, end !== undefined],
  );
  expectSame('whether it waits for a look', rollout['next_look_at'] !== null, end === undefined);
  expectSame('what was told last', entries.at(-1)?.after?.['weight'], weight / 100);
  const looked = events
    .filter(({ type }) => type === 'look')
    .map(({ data }) => JSON.parse(String(data)).look);
  const isRising = looked.every((look, i) => look > (looked[i - 1] ?? 0) && look <= Number(rollout['looks']));
  expectSame('whether its looks rise', isRising, true);
  const promotion = promotions.find((one) => one['id'] === rollout['promotion_id']);
  if (end === undefined) expectSame('the rollout of its promotion', promotion?.['rollout_id'], id);
  if (rollouts.findLast((one) => one['promotion_id'] === promotion?.['id']) !== rollout) return problems;
  const ended = end === 'aborted' ? [] : [end ?? 'approved', ...(end === 'completed' ? ['rolled_back'] : [])];
  if (ended.length > 0 && !ended.includes(String(promotion?.['status']))) {
    problems.push(`${id} is ${rollout['status']}, and its promotion ${promotion?.['status']}`);
  }
  return problems;
}

const ends: Readonly<Record<string, string>> = {
  completed: 'completed',
  rolled_back: 'rolled_back',
  aborted: 'aborted',
};

const weightAtEnd = (end: string): number => (end === 'completed' ? 10_000 : 0);

const toldOf = ['promotion.created', 'promotion.approved', 'promotion.rejected', 'promotion.applied'];

/** What is done about releases and what webhooks are told of it is the same, each once. */
function deliveryProblems(done: readonly Entry[], deliveries: readonly Row[]): string[] {
  const happened = done.flatMap((entry) => {
    const [action, subject] = [String(entry['action']), String(entry['subject_id'])];
    if (action === 'alias.rolled_back') return [`${action} ${subject} ${entry.after?.['version']}`];
    return toldOf.includes(action) || action.startsWith('rollout.') ? [`${action} ${subject}`] : [];
  });
  // Why a candidate is taken back is said beside what is done.
  const deeds = deliveries.filter((delivery) =>
    /^(promotion|alias|rollout)\.(?!guardrail_broken)/.test(String(delivery['event_type'])),
  );
  const told = deeds.map((delivery) => {
    const { data } = JSON.parse(String(delivery['body'])) as { readonly data: Row };
    const { type, id, alias, to_version } = data;
    return type === 'alias.rolled_back' ? `${type} ${id}@${alias} ${to_version}` : `${type} ${id}`;
  });
  const problems = [];
  for (const one of new Set([...happened, ...told])) {
    const [times, expected] = [told, happened].map((all) => all.filter((each) => each === one).length);
    if (times !== expected) problems.push(`${one} happened ${expected} times and was told ${times} times`);
  }
  return problems;
}

function numberProblems(entries: readonly Entry[]): string[] {
  return entries.some((entry, i) => entry['seq'] !== i + 1) ? ['the audit log has gaps'] : [];
}
