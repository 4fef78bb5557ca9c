import type { AliasResponse } from '../../../src/api/aliases.ts';
import type { PromotionListed, PromotionResponse } from '../../../src/api/promotions.ts';
import type { AgentResponse } from '../../../src/api/wire/agents.ts';
import { read, send } from '../http/client.ts';
import { example } from './example.ts';
import type { Made, Step } from './loading.ts';
import { materialSteps } from './material-steps.ts';

type List<Row> = { readonly data: readonly Row[] };

const aliasesOf = ({ agent_id }: Made): string => `/pawl/v1/agents/${agent_id}/aliases`;

const serving: Step = {
  title: 'Version 1 is put into production',
  why: 'Applications ask for production, and get the version that it stands for.',
  to: ({ agent_id }) => `/agents/${agent_id}/aliases/${example.alias}`,
  async find(made) {
    const { data } = await read<List<AliasResponse>>(aliasesOf(made));
    const served = data.find(({ name }) => name === example.alias)?.version ?? null;
    return served === null ? null : { served };
  },
  async make(made) {
    await send(`${aliasesOf(made)}/${example.alias}`, { version: 1, from: null });
    return { served: 1 };
  },
};

const change: Step = {
  title: 'Version 2, with a rule that is meant well',
  why: 'Whatever mentions usage goes to the team of the API. It reads well, and is broader than it looks.',
  to: ({ agent_id }) => `/agents/${agent_id}/diff?from=1&to=2`,
  async find({ agent_id }) {
    const { version } = await read<AgentResponse>(`/v1/agents/${agent_id}`);
    return version > 1 ? { newest: version } : null;
  },
  async make({ agent_id }) {
    const headers = { 'pawl-message': encodeURIComponent('Usage goes to the team of the API') };
    const body = { version: 1, system: example.secondPrompt };
    return { newest: (await send<AgentResponse>(`/v1/agents/${agent_id}`, body, headers)).version };
  },
};

const asking: Step = {
  title: 'Somebody asks for version 2 in production',
  why: 'That begins a comparison: both versions answer all tickets, and the answers are set against each other.',
  to: ({ promotion_id }) => `/release/promotions/${promotion_id}`,
  async find({ agent_id }) {
    const query = { agent_id, alias: example.alias, order: 'asc', limit: 100 };
    const { data } = await read<List<PromotionListed>>('/pawl/v1/promotions', query);
    const asked = data.find(({ candidate_version }) => candidate_version === 2);
    return asked === undefined ? null : await evidenceOf(asked);
  },
  async make({ agent_id, eval: named }) {
    const body = {
      agent_id,
      version: 2,
      alias: example.alias,
      eval: named,
      reason: 'Usage questions pile up',
    };
    return evidenceOf(await send<PromotionResponse>('/pawl/v1/promotions', body));
  },
};

/** A promotion with its comparison, which is begun where there is none. */
async function evidenceOf({ id, evidence }: PromotionListed): Promise<Made> {
  const known = evidence ?? (await send<PromotionResponse>(`/pawl/v1/promotions/${id}/evaluate`)).evidence;
  return { promotion_id: id, ...(known === null ? {} : { comparison_id: known.comparison_id }) };
}

/** All that the example is made of, in the order in which it is made. */
export const steps: readonly Step[] = [...materialSteps, serving, change, asking];
