import type { AliasMoveResponse, AliasResponse, RollbackResponse } from '../../api/aliases.ts';
import type { AuditCheckResponse } from '../../api/audit.ts';
import type { ComparisonResponse } from '../../api/comparisons.ts';
import type { EvalRunResponse } from '../../api/eval-runs.ts';
import type { EvalResponse } from '../../api/evals.ts';
import type { PromotionResponse } from '../../api/promotions.ts';
import type { NewKeyResponse } from '../../api/wire/keys.ts';
import type { SessionExtras } from '../../api/wire/sessions.ts';
import { uploadDataset } from '../dataset/upload.ts';
import { parseEvalFile } from '../eval/eval-file.ts';
import { archiveAll, type Belongings, putAway } from './belongings.ts';
import { type CanaryPlan, carryOut } from './canary.ts';
import { evalText } from './eval-text.ts';
import { firstPrompt, fourthPrompt, secondPrompt, thirdPrompt } from './prompts.ts';
import { get, post, refused, type Stage, type StoryOptions, versionServed } from './stage.ts';
import type { Step } from './step.ts';

const reviewerName = 'a second person (tutorial)';

/**
 * Makes an agent, scores it, makes it worse, has the gate say so, lets it pass all the same, goes back, makes it better
 * and gives that to more and more customers, and has a version that only customers can show to be bad taken back by
 * itself. Whatever happens, what was made is archived at the end, as far as the server lets us.
 * @throws CommandError, errors of the SDK, or the signal's reason.
 */
export async function* tellStory(options: StoryOptions): AsyncGenerator<Step> {
  const { client, signal } = options;
  const environment = await client.beta.environments.create({ name: 'ticket-triage-env' }, { signal });
  const made: Belongings = {
    ...{ environment_id: environment.id, agent_id: null, dataset_id: null, eval_id: null, key_id: null },
    rollout_id: null,
  };
  let archived = false;
  try {
    const stage = yield* setUp(options, made);
    yield* release(options, stage, made);
    yield await look(options, stage);
    await archiveAll(options, made);
    archived = true;
    yield { kind: 'archived' };
  } finally {
    if (!archived) await putAway(options, made);
  }
}

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
  const is_free = served_by?.provider === 'offline';
  return { agent_id: agent.id, environment_id, eval_id: defined.id, reviewer: key.secret, is_free };
}

async function* release(options: StoryOptions, stage: Stage, made: Belongings): AsyncGenerator<Step> {
  const score = async (fields: { readonly fresh?: true } = {}): Promise<EvalRunResponse> => {
    const asked = { eval: stage.eval_id, agent_version: 1, ...fields };
    return options.follow(await post<EvalRunResponse>(options, 'eval_runs', asked));
  };
  const session_version = (): Promise<number> => versionServed(options, stage);
  const production = productionOf(stage);

  const first = await score();
  yield { kind: 'scored', run: first };
  const alias = await post<AliasResponse>(options, production, { version: 1, from: null });
  yield { kind: 'served', alias, session_version: await session_version() };

  yield await update(options, stage, { version: 1, system: secondPrompt, base: firstPrompt });
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

  yield await update(options, stage, { version: 2, system: thirdPrompt, base: firstPrompt });
  const better = await ask(options, stage, 3);
  yield better;
  if (better.refusal !== null) return;
  yield await approve(options, stage, better);
  const { id } = better.promotion;
  if (!stage.is_free) {
    const applied = await post<PromotionResponse>(options, `promotions/${id}/apply`, {}, stage.reviewer);
    yield { kind: 'applied', promotion: applied, session_version: await session_version() };
    return;
  }
  const plan = { promotion_id: id, steps: growing };
  if (yield* carryOut(options, { stage, made, plan })) yield* fail(options, stage, made);
}

const growing: CanaryPlan['steps'] = [
  { weight: 5, min_sessions: 2 },
  { weight: 25, min_sessions: 10 },
  { weight: 50, min_sessions: 20 },
];
const trying: CanaryPlan['steps'] = [{ weight: 20, min_sessions: 50 }];

/** A version that the labelled tickets cannot tell from the one before, and customers can. */
async function* fail(options: StoryOptions, stage: Stage, made: Belongings): AsyncGenerator<Step> {
  yield await update(options, stage, { version: 3, system: fourthPrompt, base: thirdPrompt });
  const blind = await ask(options, stage, 4);
  yield blind;
  if (blind.refusal !== null) return;
  const { id } = blind.promotion;
  const promotion = await post<PromotionResponse>(
    options,
    `promotions/${id}/reviews`,
    { decision: 'approve' },
    stage.reviewer,
  );
  yield { kind: 'approved', promotion, refusal: null };
  yield* carryOut(options, { stage, made, plan: { promotion_id: id, steps: trying } });
}

/** What its author may not do, a second person does, who also lets the alias move again. */
async function approve(
  options: StoryOptions,
  stage: Stage,
  { promotion: { id } }: Extract<Step, { kind: 'asked' }>,
): Promise<Step> {
  const reviews = `promotions/${id}/reviews`;
  const refusal = await refused(post(options, reviews, { decision: 'approve' }));
  const { reviewer } = stage;
  await post(options, `${productionOf(stage)}/release`, { reason: 'the rule is mended' }, reviewer);
  const review = { decision: 'approve', comment: 'Billing is as it was.' };
  const promotion = await post<PromotionResponse>(options, reviews, review, reviewer);
  return { kind: 'approved', promotion, refusal };
}

function productionOf({ agent_id }: Stage): string {
  return `agents/${agent_id}/aliases/production`;
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

async function look(options: StoryOptions, stage: Stage): Promise<Step> {
  const moves = `${productionOf(stage)}/moves`;
  return {
    kind: 'listed',
    versions: await listVersions(options, stage.agent_id),
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

/** Makes the next version of the agent, with another rule after a prompt that it is based on. */
async function update(
  { client, signal }: StoryOptions,
  { agent_id }: Stage,
  { version, system, base }: { readonly version: number; readonly system: string; readonly base: string },
): Promise<Step> {
  const { agents } = client.beta;
  const updated = await agents.update(agent_id, { version, system }, { signal });
  const first = await agents.retrieve(agent_id, { version: 1 }, { signal });
  const first_unchanged = first.version === 1 && first.system === firstPrompt;
  const rule = system.slice(base.length).trim();
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
