import type { EvalResponse } from '../../../src/api/evals.ts';
import type { AgentResponse } from '../../../src/api/wire/agents.ts';
import type { DatasetResponse } from '../../../src/api/wire/datasets.ts';
import type { EnvironmentResponse } from '../../../src/api/wire/environments.ts';
import type { AgentOverviewResponse } from '../../../src/api/wire/overviews.ts';
import { ApiError, read, send, upload, withQuery } from '../http/client.ts';
import { example } from './example.ts';
import { exampleEval } from './example-eval.ts';
import type { Made, Step } from './loading.ts';

type Page<Row> = { readonly data: readonly Row[]; readonly next_page: string | null };

const agent: Step = {
  title: 'An agent that sorts support tickets',
  why: 'Its prompt names four teams, and asks for one of them.',
  to: ({ agent_id }) => `/agents/${agent_id}`,
  async find() {
    const query = { search: example.agent, sort: 'created_at', order: 'asc', limit: 100 };
    const { data } = await read<Page<AgentOverviewResponse>>('/pawl/v1/agents', query);
    for (const { id, name } of data) {
      // Somebody may have an agent of this name that is another one.
      if (name === example.agent && (await isExample(id))) return { agent_id: id };
    }
    return null;
  },
  async make(_made, model) {
    const body = {
      name: example.agent,
      model,
      system: example.firstPrompt,
      description: 'Sorts support tickets into four teams: the example of the first-run page.',
    };
    return { agent_id: (await send<AgentResponse>('/v1/agents', body)).id };
  },
};

async function isExample(agentId: string): Promise<boolean> {
  const { system } = await read<AgentResponse>(`/v1/agents/${agentId}`, { version: 1 });
  return system === example.firstPrompt;
}

const environment: Step = {
  title: 'An environment for its sessions',
  why: 'Sessions of an agent run in one.',
  to: ({ agent_id }) => `/agents/${agent_id}`,
  async find() {
    let page: string | null = null;
    for (let pages = 0; pages < mostPages; pages++) {
      const query: { limit: number; page: string | null } = { limit: 100, page };
      const found: Page<EnvironmentResponse> = await read('/v1/environments', query);
      const one = found.data.find(({ name }) => name === example.environment);
      if (one !== undefined) return { environment_id: one.id };
      if (found.next_page === null) return null;
      page = found.next_page;
    }
    return null;
  },
  async make() {
    const made = await send<EnvironmentResponse>('/v1/environments', { name: example.environment });
    return { environment_id: made.id };
  },
};

/** More than anybody has. */
const mostPages = 20;

const dataset: Step = {
  title: 'A dataset of twenty tickets',
  why: 'Each says which team should get it. A version is measured by how many it sends there.',
  to: ({ dataset: name }) => `/datasets/${name}`,
  async find(made) {
    const found = await findNamed<DatasetResponse>('datasets', namesOf(example.dataset, made));
    return found === null ? null : { dataset: found.name };
  },
  async make(made) {
    const name = await freeName('datasets', namesOf(example.dataset, made));
    const path = withQuery('/pawl/v1/datasets/import', { name, target: 'team', group: 'team' });
    await upload(path, new Blob([example.tickets]), 'application/x-ndjson');
    return { dataset: name };
  },
};

const evaluation: Step = {
  title: 'An eval: what is asked, and how answers are scored',
  why: 'A ticket is the message, the team in the answer is compared, and two tickets that are lost are too many.',
  to: ({ dataset: name }) => `/datasets/${name}/evals`,
  async find(made) {
    const found = await findNamed<EvalResponse>('evals', namesOf(example.eval, made));
    return found === null || found.definition.agent !== made.agent_id ? null : { eval: found.name };
  },
  async make(made) {
    const { agent_id = '', environment_id = '', dataset: cases = '' } = made;
    const name = await freeName('evals', namesOf(example.eval, made));
    await send('/pawl/v1/evals', exampleEval({ name, agent_id, environment_id, dataset: cases }));
    return { eval: name };
  },
};

/** What is made before anything is released. */
export const materialSteps: readonly Step[] = [agent, environment, dataset, evaluation];

/** Names to try, one after the other: the second is for where the first was archived. */
function namesOf(name: string, { agent_id = '' }: Made): readonly string[] {
  return [name, `${name}-${agent_id.slice(-8)}`];
}

type Named = { readonly name: string; readonly archived_at: string | null };

/** The first of these that is there and not archived; null when there is none. */
async function findNamed<T extends Named>(
  kind: 'datasets' | 'evals',
  names: readonly string[],
): Promise<T | null> {
  for (const name of names) {
    const found = await unlessMissing(read<T>(`/pawl/v1/${kind}/${name}`));
    if (found !== null && found.archived_at === null) return found;
  }
  return null;
}

/** The first of these that can be given to something new. */
async function freeName(kind: 'datasets' | 'evals', names: readonly string[]): Promise<string> {
  for (const name of names) {
    const found = await unlessMissing(read<Named>(`/pawl/v1/${kind}/${name}`));
    if (found === null || found.archived_at === null) return name;
  }
  throw new Error(`${names.join(' and ')} are archived, and their names are never free again`);
}

async function unlessMissing<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}
