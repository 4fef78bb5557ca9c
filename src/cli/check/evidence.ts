import type { ComparisonListed, ComparisonResponse } from '../../api/comparisons.ts';
import type { EvalRunResponse } from '../../api/eval-runs.ts';
import type { DatasetResponse } from '../../api/wire/datasets.ts';
import { isOver, usualEpochs } from '../../core/evaluation.ts';
import type { EvalRun } from '../../eval/result.ts';
import { type Pin, samePin } from '../../pin/pins.ts';
import { callServer } from '../api-client.ts';
import { CommandError } from '../command-error.ts';
import { begin, compareRuns } from '../eval/begin.ts';
import type { CommandFlags } from '../eval/command-line.ts';
import type { ReadyEval } from '../eval/eval-source.ts';
import { refuseFailure, watchLive } from '../eval/follow.ts';
import { note } from '../eval/note.ts';
import { retrieveSubject } from '../eval/resume.ts';
import { startRun } from '../eval/start.ts';
import type { Subject, SubjectName } from '../eval/subject.ts';
import { listItems } from '../list-items.ts';
import type { OpenServer } from '../open-server.ts';

/** By which eval evidence counts: its newest revision, on the newest revision of its dataset, in all its epochs. */
export type Terms = {
  readonly eval: ReadyEval['eval'];
  readonly dataset_revision: string;
  readonly epochs: number;
};

/** Where to look for evidence, and how to make it. */
export type Bench = {
  readonly server: OpenServer;
  readonly terms: Terms;
  readonly flags: CommandFlags;
};

/** What the evidence of an eval has to rest on now. @throws CommandError when its dataset is empty or not there. */
export async function termsOf(server: OpenServer, ready: ReadyEval): Promise<Terms> {
  const { dataset, epochs } = ready.eval.definition;
  const wanted = ready.dataset_revision ?? dataset.revision;
  const query = wanted === null ? '' : `?revision=${encodeURIComponent(wanted)}`;
  const path = `/pawl/v1/datasets/${encodeURIComponent(dataset.name)}${query}`;
  const { revision } = await callServer<DatasetResponse>(server, { method: 'GET', path });
  if (revision === null) throw new CommandError(`Dataset ${dataset.name} has no cases yet`);
  return { eval: ready.eval, dataset_revision: revision.id, epochs: epochs ?? usualEpochs(revision.cases) };
}

/**
 * The newest comparison of two versions by these terms that has a verdict, or that a server is still at; null when
 * there is none. One that ended as an error is no evidence: what was wrong may have been put right.
 * @throws CommandError
 */
export async function findComparison(
  { server, terms }: Bench,
  { from, to }: { readonly from: Pin; readonly to: Pin },
): Promise<ComparisonListed | null> {
  return findIn<ComparisonListed>(server, `comparisons?eval=${terms.eval.id}`, (one) => {
    const { baseline, candidate, status, verdict } = one;
    const useful = isOver(status) ? verdict !== null && verdict !== 'error' : !server.embedded;
    return useful && rests(candidate, to, terms) && rests(baseline, from, terms);
  });
}

/** The newest complete run of a version by these terms; null when there is none. @throws CommandError */
export async function findRun({ server, terms }: Bench, pin: Pin): Promise<EvalRunResponse | null> {
  const query = new URLSearchParams({
    ...{ eval: terms.eval.id, agent_id: pin.agent, agent_version: String(pin.version), status: 'completed' },
  });
  return findIn<EvalRunResponse>(
    server,
    `eval_runs?${query}`,
    (run) => run.counts.errors === 0 && rests(run, pin, terms),
  );
}

/** Compares two versions, of one agent or of two, and waits for the end. @throws CommandError, InterruptedError */
export async function makeComparison(
  bench: Bench,
  { from, to }: { readonly from: Pin; readonly to: Pin },
): Promise<Subject> {
  const { server, flags } = bench;
  const ready = readyAt(bench);
  if (from.agent === to.agent) {
    const versions = { candidate: to.version, baseline: from.version };
    return ending(bench, await begin(server, ready, { agent: to.agent, ...versions, flags }));
  }
  const baseline = await startRun(server, ready, { agent: from.agent, flags }, from.version);
  const candidate = await startRun(server, ready, { agent: to.agent, flags }, to.version);
  const comparison: ComparisonResponse = await compareRuns(server, {
    baseline_run: baseline.id,
    candidate_run: candidate.id,
  });
  note(
    `Version ${to.version} of ${to.agent} against version ${from.version} of ${from.agent} by eval ${ready.eval.name}. This is comparison ${comparison.id}.`,
  );
  return ending(bench, comparison);
}

/** Runs one version and waits for the end. @throws CommandError, InterruptedError */
export async function makeRun(bench: Bench, { agent, version }: Pin): Promise<Subject> {
  const { server, flags } = bench;
  const options = { agent, candidate: version, baseline: 'none' as const, flags };
  return ending(bench, await begin(server, readyAt(bench), options));
}

/** Follows something to its end, also if that is behind it. @throws CommandError when it has no report. */
export async function ending({ server, flags }: Bench, named: SubjectName): Promise<Subject> {
  const now = await retrieveSubject(server, named);
  const subject = isOver(now.status) ? now : await watchLive(server, named, flags);
  refuseFailure(server, subject);
  return subject;
}

function readyAt({ terms }: Bench): ReadyEval {
  return { eval: terms.eval, dataset_revision: terms.dataset_revision };
}

/** Whether a run is one of this version by these terms. More epochs than asked for are no fault. */
function rests(run: EvalRun, pin: Pin, { eval: { revision }, dataset_revision, epochs }: Terms): boolean {
  const ran = { ...pin, agent: run.agent_id, version: run.agent_version };
  const same = run.eval_revision === revision && run.dataset_revision_id === dataset_revision;
  return same && run.epochs >= epochs && samePin(ran, pin);
}

const mostLookedAt = 2000;

/** The first item of a list that is wanted, among its newest two thousand. */
async function findIn<T>(
  server: OpenServer,
  list: string,
  isWanted: (item: T) => boolean,
): Promise<T | null> {
  let looked = 0;
  for await (const item of listItems<T>(server, `/pawl/v1/${list}`)) {
    if (isWanted(item)) return item;
    looked++;
    if (looked === mostLookedAt) return null;
  }
  return null;
}
