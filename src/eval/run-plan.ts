import { contentHash } from '../core/canonical.ts';
import type { Json, Recording } from '../core/evaluation.ts';
import { type DatasetRevisionRow, readCases } from '../store/datasets.ts';
import type { Store } from '../store/dialect.ts';
import type { Case } from './case.ts';
import { settingHash } from './case-feed.ts';
import type { EvalDefinition } from './definition.ts';
import type { AgentVersion, Endpoint } from './endpoint.ts';
import type { JudgeAgreement } from './gate-report.ts';
import { createRenderer, type Message } from './message.ts';
import { recordedMessage } from './recorded/recording.ts';
import { createReader } from './reply.ts';
import type { PlannedScorer, RunPlan } from './result.ts';
import { RunStoppedError } from './run-stopped.ts';
import type { TimedScorer } from './runner.ts';
import type { Outcome, Reading, Scorer } from './score.ts';
import type { ScorerContext } from './scorers/context.ts';
import { createScorers } from './scorers/scorers.ts';

/** A run that is ready to be carried out. */
export type PreparedRun = {
  readonly plan: RunPlan;
  readonly agent: AgentVersion;
  readonly scorers: readonly TimedScorer[];
  readonly render: (one: Case) => Message;
  readonly read: (outcome: Outcome) => Reading;
  readonly takes_tool_calls: boolean;
  readonly setting: string;
};

export type PlanOptions = {
  readonly definition: EvalDefinition;
  readonly agent_id: string;
  readonly agent_version: number;
  /** Whose answers are scored; null asks the agent. */
  readonly recorded: Recording | null;
  readonly dataset: DatasetRevisionRow;
  readonly endpoint: Endpoint;
  /** Which endpoint it is, and who serves a model there, as far as that is known. */
  readonly endpoint_key: string;
  readonly servedBy: (model: string) => string | null;
  /** Whether the price of what this model, or `provider/model`, answers is known. */
  readonly knowsPriceOf: (servedBy: string) => boolean;
  readonly environment: () => Promise<string>;
  readonly context: ScorerContext;
  /** Measures a judge on labelled replies. */
  readonly measure: (scorer: TimedScorer, labelled: LabelledReplies) => Promise<JudgeAgreement>;
  readonly store: Store;
  /** What was settled when the run began; null for one that has not. */
  readonly settled: RunPlan | null;
  readonly pawl_version: string;
  readonly signal: AbortSignal;
};

/**
 * Settles everything that a run depends on before it costs anything, and looks at every case: a template with a name
 * that a case lacks, or a target that is no label, is found here.
 * @throws RunStoppedError with what is wrong.
 */
export async function planRun(options: PlanOptions): Promise<PreparedRun> {
  const { definition, dataset, endpoint, settled } = options;
  const agent = await endpoint.agentVersion(options.agent_id, options.agent_version);
  if (agent.version !== options.agent_version) {
    throw new RunStoppedError(
      `The endpoint gave version ${agent.version} of agent ${agent.agent_id} where ${options.agent_version} was asked for`,
    );
  }
  // A run that goes on has to go on as it began, or its halves could not be put together.
  if (settled !== null && settled.config_hash !== agent.config_hash) {
    throw new RunStoppedError('The version is not what it was when the run began; make a new run');
  }
  requirePrices(agent.model, options);
  const environment_id = settled?.environment_id ?? definition.environment ?? (await options.environment());
  const { recorded } = options;
  const render =
    recorded === null ? createRenderer(definition.message) : (one: Case) => recordedMessage(one, recorded);
  const readReply = createReader(definition.reply, definition.labels);
  await checkCases(options, render);
  const made = await createScorers(definition.scorers, options.context);
  const scorers = made.map((scorer) => ({
    ...scorerOfReadings(scorer, definition),
    timeout_ms: scorer.keeps_time === true ? longestMs : definition.limits.scorer_timeout_ms,
  }));
  const planned = await planScorers(scorers, options).catch(async (error: unknown) => {
    await closeAll(scorers);
    throw error;
  });
  const plan: RunPlan = {
    agent_name: agent.name,
    model: agent.model,
    config_hash: agent.config_hash,
    environment_id,
    dataset: {
      id: dataset.dataset_id,
      name: definition.dataset.name,
      hash: dataset.hash,
      cases: dataset.cases,
    },
    scorers: planned,
    seed: definition.seed,
    pawl_version: options.pawl_version,
  };
  const takes_tool_calls =
    definition.reply.read === 'tool_calls' || definition.scorers.some(({ type }) => type === 'tool_calls');
  return {
    plan: settled ?? plan,
    ...{ agent, scorers, render, takes_tool_calls },
    read: readReply,
    setting: settingHash({
      takes_tool_calls,
      endpoint: options.endpoint_key,
      served_by: options.servedBy(agent.model),
      config_hash: agent.config_hash,
      environment_id,
    }),
  };
}

/**
 * What a scorer may take that keeps its own time. A judge waits for a place, or for an endpoint that recovers, and a
 * module for its turn; a case is not to go unscored because others came first.
 */
const longestMs = 3_600_000;

/** Refuses a price limit that could not be kept. */
function requirePrices(model: string, { definition, servedBy, knowsPriceOf }: PlanOptions): void {
  if (definition.limits.max_cost_usd === null) return;
  const judges = definition.scorers.flatMap((scorer) => (scorer.type === 'judge' ? [scorer.model] : []));
  const unknown = [model, ...judges].map((one) => servedBy(one) ?? one).find((one) => !knowsPriceOf(one));
  if (unknown === undefined) return;
  throw new RunStoppedError(
    `max_cost_usd is set, but the price of ${unknown} is not known: add it to PAWL_PRICES_FILE or PAWL_MODEL_PRICES`,
  );
}

/** The scorer, with a hash that covers what it looks at: the same reply read in another way may score otherwise. */
function scorerOfReadings(scorer: Scorer, { reply, labels }: EvalDefinition): Scorer {
  return { ...scorer, hash: contentHash({ scorer: scorer.hash, reply, labels }) };
}

/** The replies that a judge is to be measured on: a dataset, and the beginning of a revision's hash. */
export type LabelledReplies = { readonly dataset: string; readonly revision: string | null };

/** The scorers as the plan names them: as they were when the run began, or else with their judges measured. */
async function planScorers(
  scorers: readonly TimedScorer[],
  { definition, settled, measure }: PlanOptions,
): Promise<readonly PlannedScorer[]> {
  if (settled !== null) {
    for (const { name, hash } of settled.scorers) {
      if (scorers.find((scorer) => scorer.name === name)?.hash === hash) continue;
      throw new RunStoppedError(`The scorer ${name} has changed since the run began; make a new run`);
    }
    return settled.scorers;
  }
  const planned: PlannedScorer[] = [];
  for (const [i, scorer] of scorers.entries()) {
    const config = definition.scorers[i];
    if (config === undefined) continue;
    const labelled = config.type === 'judge' ? config.agreement : null;
    const agreement = labelled === null ? null : await measure(scorer, labelled);
    const { name, hash, binary } = scorer;
    planned.push({ name, type: config.type, hash, binary, agreement });
  }
  return planned;
}

async function closeAll(scorers: readonly Scorer[]): Promise<void> {
  for (const scorer of scorers) await scorer.close?.();
}

const casesPerPage = 500;
const mostComplaints = 10;

async function checkCases(options: PlanOptions, render: (one: Case) => Message): Promise<void> {
  const { definition, dataset, store, signal } = options;
  const complaints: string[] = [];
  for (let from = 0; from < dataset.cases && complaints.length < mostComplaints; from += casesPerPage) {
    signal.throwIfAborted();
    for (const { body } of await readCases(store.db, dataset.id, { from, to: from + casesPerPage })) {
      const complaint = complaintAbout(JSON.parse(body) as Case, definition, render);
      if (complaint !== null) complaints.push(complaint);
    }
  }
  if (complaints.length === 0) return;
  const shown = complaints.slice(0, mostComplaints);
  const more = complaints.length > shown.length ? ', and more like these' : '';
  throw new RunStoppedError(`The dataset does not fit the eval: ${shown.join('; ')}${more}`);
}

function complaintAbout(
  one: Case,
  { labels }: EvalDefinition,
  render: (one: Case) => Message,
): string | null {
  const targets: readonly Json[] = Array.isArray(one.target) ? one.target : [one.target];
  const stranger = targets.find((target) => target !== null && labels?.includes(String(target)) === false);
  if (stranger !== undefined) {
    return `case ${one.id} has the target ${JSON.stringify(stranger)}, which is not one of the labels ${labels?.join(', ')}`;
  }
  try {
    render(one);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
