import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { fillSessions } from '../../benchmarks/fill-sessions.ts';
import type { RolloutResponse } from '../../src/api/rollouts.ts';
import { ask, completed, type Place, putDataset, putEval } from '../evals/eval-story.ts';
import { sdk } from '../pawl.ts';
import { newPeople, type People, peopleAt } from '../release/release-story.ts';
import { serve, steady } from '../release/rollout-story.ts';
import { askFor, newTriage, type Triage } from '../release/triage.ts';
import { eventually, say, untilIdle } from '../story.ts';

/*
 * A server on which much is stored, with something of every kind: one agent with 200 versions, 10,000 sessions, and two runs
 * of 5,000 cases that are compared. What can be made by asking is made so, on a few cases; the rest is copied from that in the
 * database of the stopped server.
 */

const versions = 200;
const sessions = 10_000;
const cases = 5000;

/** A server that keeps its data in a folder, and can be started there again. */
export type Restartable = {
  readonly folder: string;
  start(): Promise<Place>;
  stop(): Promise<void>;
};

/** Where the server is now, and the ids of what pages can be looked at. */
export type Large = {
  readonly people: People;
  readonly agent_id: string;
  readonly session_id: string;
  readonly dataset_id: string;
  readonly run_id: string;
  readonly comparison_id: string;
  readonly promotion_id: string;
  readonly rollout_id: string;
  readonly webhook_id: string;
};

type Runs = { readonly baseline_run: string; readonly candidate_run: string };

/** Fills a server that is not started yet; it runs afterwards. */
export async function storeMuch(server: Restartable): Promise<Large> {
  const place = await server.start();
  const people = await newPeople(place);
  const triage = await newTriage(people);
  const release = await releaseThird(people, triage);
  const runs = await runFewCases(people, triage);
  const dataset_id = await bringManyCases(people);
  // The newest session is the one that is copied.
  const session_id = await plainSession(people, triage);
  await server.stop();

  await fillSessions(server.folder, sessions);
  const db = new Sqlite(join(server.folder, 'pawl.db'));
  db.transaction(() => {
    copyVersions(db, triage.agent_id);
    copyRuns(db, Object.values(runs));
    db.prepare(`update sessions set archived_at = null, status = 'idle' where status = 'terminated'`).run();
  })();
  db.close();

  const moved = peopleAt(people, (await server.start()).url);
  const comparison_id = await compare(moved, copies(runs));
  const { id: webhook_id } = await ask<{ id: string }>(moved.admin, '/webhooks', {
    url: 'https://receiver.example/pawl',
    enabled_events: ['promotion.rejected'],
  });
  const { agent_id } = triage;
  const run_id = copyOf(runs.candidate_run);
  return { people: moved, agent_id, session_id, dataset_id, run_id, comparison_id, webhook_id, ...release };
}

/** Promotes version 3 as far as a rollout that goes on, with a few sessions on each side. */
async function releaseThird(people: People, triage: Triage) {
  const { id } = await askFor(people, triage, 3);
  await ask(people.reviewer, `/promotions/${id}/reviews`, { decision: 'approve' });
  const fields = { promotion_id: id, look_seconds: 0.2, steps: steady(50) };
  const rollout = await ask<RolloutResponse>(people.releaser, '/rollouts', fields);
  const ready = { ...triage, promotion_id: id };
  for (let user = 0; user < 6; user++) await serve(people.author, ready, `user-${user}`);
  return { promotion_id: id, rollout_id: rollout.id };
}

const long = 'triage-at-length';
const tickets = Array.from({ length: 8 }, (_, n) => ({
  id: `few-${n}`,
  vars: {
    subject: `Invoice ${n}`,
    body: n % 2 === 0 ? 'I was charged twice.' : 'How much API usage is billed?',
  },
  target: 'billing',
  group: n % 3 === 0 ? 'billing' : 'refunds',
}));

/** Runs two versions on a few cases, of which there will be many more. */
async function runFewCases({ author }: People, { agent_id }: Triage): Promise<Runs> {
  await putDataset(author, long, tickets);
  const message = 'Subject: {{subject}}\n\n{{body}}';
  const gate = { max_lost_cases: 1 };
  await putEval(author, {
    name: long,
    agent: agent_id,
    dataset: long,
    message,
    reply: { json: 'team' },
    gate,
  });
  const before = await completed(author, long, { agent_version: 1 });
  const after = await completed(author, long, { agent_version: 2 });
  return { baseline_run: before.run.id, candidate_run: after.run.id };
}

/** Adds a revision of the dataset with all the cases. */
async function bringManyCases({ author }: People): Promise<string> {
  const many = Array.from({ length: cases }, (_, n) => ({ ...tickets[n % tickets.length], id: `case-${n}` }));
  const response = await fetch(`${author.url}/pawl/v1/datasets/import?name=${long}`, {
    method: 'POST',
    headers: { 'x-api-key': author.key, 'content-type': 'application/x-ndjson' },
    body: many.map((one) => JSON.stringify(one)).join('\n'),
  });
  if (!response.ok) throw new Error(await response.text());
  return (await ask<{ id: string }>(author, `/datasets/${long}`)).id;
}

async function plainSession({ author }: People, { agent_id, environment_id }: Triage): Promise<string> {
  const client = sdk(author.url, author.key);
  const agent = { type: 'agent', id: agent_id, version: 1 } as const;
  const { id } = await client.beta.sessions.create({ agent, environment_id, title: 'Charged twice' });
  await client.beta.sessions.events.send(id, { events: [say('Subject: Invoice\n\nI was charged twice.')] });
  await untilIdle(client, id);
  return id;
}

const copyOf = (run: string): string => `${run.slice(0, -4)}many`;
const copies = ({ baseline_run, candidate_run }: Runs): Runs => ({
  baseline_run: copyOf(baseline_run),
  candidate_run: copyOf(candidate_run),
});

/** Each version has another rule at the end of its prompt. */
function copyVersions(db: Sqlite.Database, agentId: string): void {
  const changed: Record<string, string> = {
    version: 'n',
    config: `json_set(config, '$.system', json_extract(config, '$.system') || char(10) || 'Rule ' || n || ': be exact.')`,
    message: `'Rule ' || n || ' says what to do'`,
  };
  const columns = columnsOf(db, 'agent_versions');
  db.prepare(
    `with recursive numbers(n) as (select 4 union all select n + 1 from numbers where n < :versions)
     insert into agent_versions (${columns.join(', ')})
     select ${columns.map((name) => changed[name] ?? name).join(', ')} from numbers cross join agent_versions
     where agent_id = :agentId and version = 3`,
  ).run({ agentId, versions });
  db.prepare('update agents set latest_version = :versions where id = :agentId').run({ agentId, versions });
}

const columnsOf = (db: Sqlite.Database, table: string): string[] =>
  db.prepare('select name from pragma_table_info(?)').pluck().all(table) as string[];

/** Makes of each run another of the newest revision, in which every case came out as one of the few did. */
function copyRuns(db: Sqlite.Database, runs: readonly string[]): void {
  const revision = db
    .prepare('select id, hash from dataset_revisions order by cases desc limit 1')
    .get() as Readonly<Record<'id' | 'hash', string>>;
  for (const run of runs) copyRun(db, { run, revision });
}

function copyRun(
  db: Sqlite.Database,
  {
    run,
    revision,
  }: { readonly run: string; readonly revision: { readonly id: string; readonly hash: string } },
): void {
  const columns = columnsOf(db, 'eval_runs');
  const changed: Record<string, string> = {
    id: ':copy',
    dataset_revision_id: ':revision',
    plan: `json_set(plan, '$.dataset.hash', :hash, '$.dataset.cases', :cases)`,
    counts: `json_set(counts, '$.total', :cases, '$.done', :cases)`,
  };
  const values = {
    run,
    copy: copyOf(run),
    revision: revision.id,
    hash: revision.hash,
    cases,
    few: tickets.length,
  };
  const { hash: _hash, few, ...ofResults } = values;
  db.prepare(
    `insert into eval_runs (${columns.join(', ')})
     select ${columns.map((name) => changed[name] ?? name).join(', ')} from eval_runs where id = :run`,
  ).run(values);
  db.prepare(
    `insert into eval_results (run_id, position, epoch, case_id, case_hash, status, outcome_key, scores, outcome)
     select :copy, c.position, r.epoch, c.case_id, c.hash, r.status, r.outcome_key || '-' || c.position, r.scores, r.outcome
     from dataset_cases c join eval_results r on r.run_id = :run and r.position = c.position % :few
     where c.revision_id = :revision`,
  ).run({ ...ofResults, few });
}

async function compare({ author }: People, runs: Runs): Promise<string> {
  const { id } = await ask<{ id: string }>(author, '/comparisons', runs);
  await eventually(`the verdict of ${id}`, async () => {
    const { status, error } = await ask<{ status: string; error: string | null }>(
      author,
      `/comparisons/${id}`,
    );
    if (error !== null) throw new Error(error);
    return status === 'completed';
  });
  return id;
}
