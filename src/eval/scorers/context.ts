import type { Endpoint } from '../endpoint.ts';
import type { JudgePort } from '../judge-port.ts';

/** What scorers may use of the run and the server that they belong to. */
export type ScorerContext = {
  /** The one folder that modules are loaded from; null refuses them all. */
  readonly modules_folder: string | null;
  /** URLs below which a scorer may call an endpoint; none refuses them all. */
  readonly http_prefixes: readonly string[];
  /** The longest that a module or an endpoint may take for one case. */
  readonly timeout_ms: number;
  /** How a judge asks its model. */
  readonly judges: JudgePort;
  /** The name of the eval, which the agent behind a judge carries too. */
  readonly eval_name: string;
};

/** What a context is made of, besides the settings of the server. */
export type ContextFields = Pick<ScorerContext, 'timeout_ms' | 'eval_name'> & {
  /** Under what is remembered what was made there; empty for this server. */
  readonly endpoint_name: string;
  readonly endpoint: Endpoint;
};
