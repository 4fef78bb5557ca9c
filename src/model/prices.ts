import type { RequestUsage, SessionUsage } from '../core/usage.ts';
import { costOf, type PaidTokens, type Price } from './price-table.ts';
import type { ResolvedRoute } from './routes.ts';

/** A request that was answered: for which model of an agent, by whom, and what it took. */
export type AnsweredRequest = {
  /** The model id that the agent has. */
  readonly agent_model: string;
  readonly provider: string;
  /** The model as the provider names who has answered. */
  readonly model: string;
  readonly usage: RequestUsage;
};

/** What this server's requests to models cost at list prices. */
export type Prices = {
  /** The table as it is now. */
  table(): readonly Price[];
  /**
   * What a request cost in US dollars; null when there is no price for it. Looked up is the model that has answered, and
   * after that the one that was asked: `gpt-4o` is answered by `gpt-4o-2024-11-20`.
   */
  costOf(answered: AnsweredRequest): number | null;
  /** What a session cost in US dollars if all of it was answered by the model that its agent's now leads to. */
  costOfSession(agentModel: string, usage: SessionUsage): number | null;
  /** Whether what this model id of an agent now leads to has a price. */
  hasPrice(agentModel: string): boolean;
};

/** Makes the prices of a table, which may change, and of routes. */
export function createPrices({
  table,
  route,
}: {
  readonly table: () => readonly Price[];
  readonly route: (modelId: string) => ResolvedRoute | null;
}): Prices {
  const costOfRouted = (agentModel: string, tokens: PaidTokens): number | null => {
    const routed = route(agentModel);
    return routed === null ? null : costOf(table(), routed, tokens);
  };
  return {
    table,
    costOf({ agent_model, usage, ...by }) {
      const tokens = tokensOfRequest(usage);
      return costOf(table(), by, tokens) ?? costOfRouted(agent_model, tokens);
    },
    costOfSession: (agentModel, usage) => costOfRouted(agentModel, tokensOfSession(usage)),
    hasPrice: (agentModel) => costOfRouted(agentModel, nothing) !== null,
  };
}

const nothing: PaidTokens = {
  ...{ input_tokens: 0, output_tokens: 0, cache_read_tokens: 0, cache_write_tokens: 0 },
};

function tokensOfRequest(usage: RequestUsage): PaidTokens {
  const { input_tokens, output_tokens, cache_read_input_tokens, cache_creation_input_tokens } = usage;
  return {
    ...{ input_tokens, output_tokens },
    cache_read_tokens: cache_read_input_tokens,
    cache_write_tokens: cache_creation_input_tokens,
  };
}

function tokensOfSession(usage: SessionUsage): PaidTokens {
  const { input_tokens, output_tokens, cache_read_input_tokens, cache_creation } = usage;
  return {
    ...{ input_tokens, output_tokens },
    cache_read_tokens: cache_read_input_tokens,
    cache_write_tokens: cache_creation.ephemeral_5m_input_tokens,
    cache_write_1h_tokens: cache_creation.ephemeral_1h_input_tokens,
  };
}
