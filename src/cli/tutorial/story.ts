import type Anthropic from '@anthropic-ai/sdk';
import type { ComparisonResponse } from '../../api/comparisons.ts';
import type { EvalRunResponse } from '../../api/eval-runs.ts';
import type { EvalResponse } from '../../api/evals.ts';
import type { DatasetChangeResponse } from '../../api/wire/datasets.ts';
import type { SessionExtras } from '../../api/wire/sessions.ts';
import { callServer, type ServerAccess } from '../api-client.ts';
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
  | { readonly kind: 'compared' | 'rolled_back'; readonly comparison: ComparisonResponse }
  | {
      readonly kind: 'listed';
      readonly versions: readonly { version: number; created_at: string; prompt_characters: number }[];
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

/**
 * Makes an agent, scores it, makes it worse, has the gate say so, goes back, and makes it better. Whatever happens,
 * what was made is archived at the end, as far as the server lets us.
 * @throws CommandError, errors of the SDK, or the signal's reason.
 */
export async function* tellStory(options: StoryOptions): AsyncGenerator<Step> {
  const { client, signal } = options;
  const environment = await client.beta.environments.create({ name: 'ticket-triage-env' }, { signal });
  const made: Belongings = {
    ...{ environment_id: environment.id, agent_id: null, dataset_id: null, eval_id: null },
  };
  let archived = false;
  try {
    const stage = yield* setUp(options, made);
    yield* change(options, stage);
    yield { kind: 'listed', versions: await listVersions(options, stage.agent_id) };
    await archiveAll(options, made);
    archived = true;
    yield { kind: 'archived' };
  } finally {
    if (!archived) await putAway(options, made);
  }
}

/** What the versions are measured with. */
type Stage = { readonly agent_id: string; readonly eval_id: string };

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
  return { agent_id: agent.id, eval_id: defined.id };
}

async function* change(options: StoryOptions, stage: Stage): AsyncGenerator<Step> {
  const { eval_id } = stage;
  const score = async (fields: { readonly fresh?: true } = {}): Promise<EvalRunResponse> => {
    const started = await post<EvalRunResponse>(options, 'eval_runs', {
      ...{ eval: eval_id, agent_version: 1, ...fields },
    });
    return options.follow(started);
  };
  const compare = async (body: object): Promise<ComparisonResponse> =>
    options.follow(await post<ComparisonResponse>(options, 'comparisons', body));

  const first = await score();
  yield { kind: 'scored', run: first };
  yield await update(options, stage, { version: 1, system: secondPrompt });
  const worse = await compare({ eval: eval_id, candidate_version: 2, baseline_version: 1 });
  yield { kind: 'compared', comparison: worse };
  const again = await score({ fresh: true });
  const same = await compare({ baseline_run: first.id, candidate_run: again.id });
  yield { kind: 'rolled_back', comparison: same };
  yield await update(options, stage, { version: 2, system: thirdPrompt });
  const better = await compare({ eval: eval_id, candidate_version: 3, baseline_version: 1 });
  yield { kind: 'compared', comparison: better };
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

function post<T>({ access, signal }: StoryOptions, kind: string, body: unknown): Promise<T> {
  return callServer<T>({ ...access, signal }, { method: 'POST', path: `/pawl/v1/${kind}`, body });
}
