import type Anthropic from '@anthropic-ai/sdk';
import type { AliasMoveResponse, AliasResponse, RollbackResponse } from '../../api/aliases.ts';
import type { AuditCheckResponse } from '../../api/audit.ts';
import type { ComparisonResponse } from '../../api/comparisons.ts';
import type { EvalRunResponse } from '../../api/eval-runs.ts';
import type { EvalResponse } from '../../api/evals.ts';
import type { PromotionResponse } from '../../api/promotions.ts';
import type { DatasetChangeResponse } from '../../api/wire/datasets.ts';
import type { NewKeyResponse } from '../../api/wire/keys.ts';
import type { SessionExtras } from '../../api/wire/sessions.ts';
import { callServer, RefusedError, type ServerAccess } from '../api-client.ts';
import { CommandError } from '../command-error.ts';
import { uploadDataset } from '../dataset/upload.ts';
import { parseEvalFile } from '../eval/eval-file.ts';
import type { Subject } from '../eval/subject.ts';
import { archiveAll, type Belongings, putAway } from './belongings.ts';
import { evalText } from './eval-text.ts';
import { firstPrompt, secondPrompt, thirdPrompt } from './prompts.ts';

/** What the story has to tell, step by step; what the server made is in it as the API gives it. */
export type Step =
  | {
      readonly kind: 'created';
      readonly environment_id: string;
      readonly agent_id: string;
      readonly version: number;
      readonly model: string;
      /** Who answers for the model. */
      readonly served_by: SessionExtras['served_by'];
    }
  | { readonly kind: 'loaded'; readonly dataset: DatasetChangeResponse }
  | { readonly kind: 'defined'; readonly eval: EvalResponse; readonly text: string }
  | { readonly kind: 'scored'; readonly run: EvalRunResponse }
  | {
      readonly kind: 'updated';
      readonly version: number;
      /** What its prompt has beyond that of version 1. */
      readonly rule: string;
      /** Whether version 1 still has the prompt that it was made with. */
      readonly first_unchanged: boolean;
    }
  | { readonly kind: 'served'; readonly alias: AliasResponse; readonly session_version: number }
  | {
      readonly kind: 'asked';
      readonly promotion: PromotionResponse;
      readonly comparison: ComparisonResponse;
      /** What the server says to whoever applies it all the same; null when the gate passes. */
      readonly refusal: string | null;
    }
  | {
      readonly kind: 'overridden';
      readonly promotion: PromotionResponse;
      readonly session_version: number;
    }
  | {
      readonly kind: 'rolled_back';
      readonly rollback: RollbackResponse;
      readonly session_version: number;
      /** The version that is served again, against what it scored at first. */
      readonly comparison: ComparisonResponse;
    }
  | {
      readonly kind: 'approved';
      readonly promotion: PromotionResponse;
      /** What the server says to its author, who would approve it. */
      readonly refusal: string;
      readonly session_version: number;
    }
  | {
      readonly kind: 'listed';
      readonly versions: readonly { version: number; created_at: string; prompt_characters: number }[];
      readonly moves: readonly AliasMoveResponse[];
      readonly audit: AuditCheckResponse;
    }
  | { readonly kind: 'archived' };

/** Whom the story is told to, and with what. */
export type StoryOptions = {
  readonly client: Anthropic;
  /** The same server, for what the SDK does not know. */
  readonly access: ServerAccess;
  /** Whether others use the server too, so that names must not be theirs. */
  readonly is_shared: boolean;
  readonly model: string;
  /** The path of a file of cases. */
  readonly tickets: string;
  /** How many sessions may run side by side; null leaves it to the server. */
  readonly concurrency: number | null;
  readonly signal: AbortSignal;
  /** Waits for the end of a run or a comparison; rejects when it fails. */
  readonly follow: <T extends Subject>(subject: T) => Promise<T>;
};

const reviewerName = 'a second person (tutorial)';

/**
 * Makes an agent, scores it, makes it worse, has the gate say so, lets it pass all the same, goes back, and makes it
 * better. Whatever happens, what was made is archived at the end, as far as the server lets us.
 * @throws CommandError, errors of the SDK, or the signal's reason.
 */
export async function* tellStory(options: StoryOptions): AsyncGenerator<Step> {
  const { client, signal } = options;
  const environment = await client.beta.environments.create({ name: 'ticket-triage-env' }, { signal });
  const made: Belongings = {
    ...{ environment_id: environment.id, agent_id: null, dataset_id: null, eval_id: null, key_id: null },
  };
  let archived = false;
  try {
    const stage = yield* setUp(options, made);
    yield* release(options, stage);
    yield await look(options, stage);
    await archiveAll(options, made);
    archived = true;
    yield { kind: 'archived' };
  } finally {
    if (!archived) await putAway(options, made);
  }
}

/** What the versions are measured with. */
type Stage = {
  readonly agent_id: string;
  readonly environment_id: string;
  readonly eval_id: string;
  /** A second person's key. */
  readonly reviewer: string;
};

async function* setUp(options: StoryOptions, made: Belongings): AsyncGenerator<Step, Stage> {
  const { client, model, signal, tickets, concurrency } = options;
  const { environment_id } = made;
  const fields = { name: 'ticket-triage', model, system: firstPrompt };
  const agent = await client.beta.agents.create(fields, { signal });
  made.agent_id = agent.id;
  const served_by = await whoServes(options, { agent: agent.id, environment_id });
  yield { kind: 'created', environment_id, agent_id: agent.id, version: agent.version, model, served_by };

  // Others may have tickets of their own, and a name that was archived is never free again.
  const suffix = options.is_shared ? `-${agent.id.slice(-8)}` : '';
  const dataset = await uploadDataset(
    { ...options.access, signal },
    { path: tickets, name: `tickets${suffix}`, columns: { target: 'team', group: 'team' } },
  );
  made.dataset_id = dataset.id;
  yield { kind: 'loaded', dataset };

  const name = `triage${suffix}`;
  const text = evalText({ name, agent_id: agent.id, environment_id, dataset: dataset.name, concurrency });
  const { definition } = parseEvalFile(text, 'The eval of the tutorial');
  const defined = await post<EvalResponse>(options, 'evals', definition);
  made.eval_id = defined.id;
  yield { kind: 'defined', eval: defined, text };
  const key = await post<NewKeyResponse>(options, 'keys', { name: reviewerName, role: 'releaser' });
  made.key_id = key.id;
  return { agent_id: agent.id, environment_id, eval_id: defined.id, reviewer: key.secret };
}

async function* release(options: StoryOptions, stage: Stage): AsyncGenerator<Step> {
  const { agent_id, eval_id, reviewer } = stage;
  const production = `agents/${agent_id}/aliases/production`;
  const score = async (fields: { readonly fresh?: true } = {}): Promise<EvalRunResponse> => {
    const asked = { eval: eval_id, agent_version: 1, ...fields };
    return options.follow(await post<EvalRunResponse>(options, 'eval_runs', asked));
  };
  const session_version = (): Promise<number> => versionServed(options, stage);

  const first = await score();
  yield { kind: 'scored', run: first };
  const alias = await post<AliasResponse>(options, production, { version: 1, from: null });
  yield { kind: 'served', alias, session_version: await session_version() };

  yield await update(options, stage, { version: 1, system: secondPrompt });
  const worse = await ask(options, stage, 2);
  yield worse;
  const promotion = await pushThrough(options, stage, worse);
  yield { kind: 'overridden', promotion, session_version: await session_version() };
  const rollback = await post<RollbackResponse>(options, `${production}/rollback`, {});
  const served = await session_version();
  const again = await score({ fresh: true });
  const pair = { baseline_run: first.id, candidate_run: again.id };
  const comparison = await options.follow(await post<ComparisonResponse>(options, 'comparisons', pair));
  yield { kind: 'rolled_back', rollback, session_version: served, comparison };

  yield await update(options, stage, { version: 2, system: thirdPrompt });
  const better = await ask(options, stage, 3);
  yield better;
  if (better.refusal !== null) return;
  const reviews = `promotions/${better.promotion.id}/reviews`;
  const refusal = await refused(post(options, reviews, { decision: 'approve' }));
  await post(options, `${production}/release`, { reason: 'the rule is mended' }, reviewer);
  await post(options, reviews, { decision: 'approve', comment: 'Billing is as it was.' }, reviewer);
  const applied = await post<PromotionResponse>(
    options,
    `promotions/${better.promotion.id}/apply`,
    {},
    reviewer,
  );
  yield { kind: 'approved', promotion: applied, refusal, session_version: await session_version() };
}

/** Asks that production be moved to a version, and waits for what the gate says. */
async function ask(
  options: StoryOptions,
  { agent_id, eval_id, reviewer }: Stage,
  version: number,
): Promise<Extract<Step, { kind: 'asked' }>> {
  const asked = await post<PromotionResponse>(options, 'promotions', { agent_id, version, eval: eval_id });
  const { comparison_id } = asked.evidence ?? { comparison_id: '' };
  const comparison = await options.follow(
    await get<ComparisonResponse>(options, `comparisons/${comparison_id}`),
  );
  const promotion = await get<PromotionResponse>(options, `promotions/${asked.id}`);
  const refusal =
    comparison.verdict === 'pass'
      ? null
      : await refused(post(options, `promotions/${asked.id}/apply`, {}, reviewer));
  return { kind: 'asked', promotion, comparison, refusal };
}

/** What a second person can do, and what stays marked for ever. */
async function pushThrough(
  options: StoryOptions,
  { reviewer }: Stage,
  { promotion: { id }, refusal }: Extract<Step, { kind: 'asked' }>,
): Promise<PromotionResponse> {
  const review = (body: object): Promise<unknown> =>
    post(options, `promotions/${id}/reviews`, body, reviewer);
  if (refusal !== null) await review({ decision: 'override', comment: 'The launch is tonight.' });
  await review({ decision: 'approve' });
  return post<PromotionResponse>(options, `promotions/${id}/apply`, {}, reviewer);
}

/** The version that a caller gets who names the alias, in the SDK's own call. */
async function versionServed(
  { client, signal }: StoryOptions,
  { agent_id, environment_id }: Stage,
): Promise<number> {
  const opened = { agent: `${agent_id}@production`, environment_id };
  const session = await client.beta.sessions.create(opened, { signal });
  await client.beta.sessions.archive(session.id, null, { signal });
  return session.agent.version;
}

async function look(options: StoryOptions, { agent_id }: Stage): Promise<Step> {
  const moves = `agents/${agent_id}/aliases/production/moves`;
  return {
    kind: 'listed',
    versions: await listVersions(options, agent_id),
    moves: (await get<{ readonly data: readonly AliasMoveResponse[] }>(options, moves)).data,
    audit: await get<AuditCheckResponse>(options, 'audit/verify'),
  };
}

/** Only a session can tell who would answer it, so one is opened and asked nothing. */
async function whoServes(
  { client, signal }: StoryOptions,
  place: { readonly agent: string; readonly environment_id: string },
): Promise<SessionExtras['served_by']> {
  const session = await client.beta.sessions.create(place, { signal });
  const { pawl } = session as { pawl?: SessionExtras };
  await client.beta.sessions.archive(session.id, null, { signal });
  return pawl?.served_by ?? null;
}

/** Makes the next version of the agent, with another rule after its first prompt. */
async function update(
  { client, signal }: StoryOptions,
  { agent_id }: Stage,
  fields: { readonly version: number; readonly system: string },
): Promise<Step> {
  const { agents } = client.beta;
  const updated = await agents.update(agent_id, fields, { signal });
  const first = await agents.retrieve(agent_id, { version: 1 }, { signal });
  const first_unchanged = first.version === 1 && first.system === firstPrompt;
  const rule = fields.system.slice(firstPrompt.length).trim();
  return { kind: 'updated', version: updated.version, rule, first_unchanged };
}

async function listVersions(
  { client, signal }: StoryOptions,
  agentId: string,
): Promise<{ version: number; created_at: string; prompt_characters: number }[]> {
  const versions = [];
  for await (const agent of client.beta.agents.versions.list(agentId, {}, { signal })) {
    versions.push({
      version: agent.version,
      created_at: agent.updated_at,
      prompt_characters: agent.system?.length ?? 0,
    });
  }
  return versions;
}

/** Posts as the author, or with another key. */
function post<T>(
  { access, signal }: StoryOptions,
  path: string,
  body: unknown,
  key = access.key,
): Promise<T> {
  return callServer<T>({ ...access, key, signal }, { method: 'POST', path: `/pawl/v1/${path}`, body });
}

function get<T>({ access, signal }: StoryOptions, path: string): Promise<T> {
  return callServer<T>({ ...access, signal }, { method: 'GET', path: `/pawl/v1/${path}` });
}

/** What the server says when it refuses; it has to. */
async function refused(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    if (error instanceof RefusedError) return error.message;
    throw error;
  }
  throw new CommandError('The server did what it should have refused');
}
