import type { NewEval } from './new-eval.tsx';

/** What somebody asks for; texts as they were typed, empty for what the server decides. */
export type Wanted = {
  readonly what: 'comparison' | 'run';
  readonly agent: string;
  readonly candidate: string;
  readonly baseline: string;
  /** `new` for one that is made first. */
  readonly evalId: string;
  readonly epochs: string;
  readonly fresh: boolean;
};

/** Where it is asked for, and with what. */
export function requestOf(wanted: Wanted): { readonly path: string; readonly body: object } {
  const { what, agent, candidate, baseline, evalId, epochs, fresh } = wanted;
  const numbers = (fields: Record<string, string>): object =>
    Object.fromEntries(
      Object.entries(fields).flatMap(([name, text]) => (text === '' ? [] : [[name, Number(text)]])),
    );
  const common = { eval: evalId, agent_id: agent, ...numbers({ epochs }), ...(fresh ? { fresh } : {}) };
  return what === 'run'
    ? { path: '/pawl/v1/eval_runs', body: { ...common, ...numbers({ agent_version: candidate }) } }
    : {
        path: '/pawl/v1/comparisons',
        body: { ...common, ...numbers({ candidate_version: candidate, baseline_version: baseline }) },
      };
}

/** What a candidate is compared with where nobody says: what production serves, or else the version before; null when there is none. */
export function usualBaseline(candidate: number, production: number | null): number | null {
  if (production !== null && production !== candidate) return production;
  return candidate > 1 ? candidate - 1 : null;
}

/** What is still to be said before it can be started; null when all is. */
export function whyNotYet(
  { what, agent, evalId, candidate, baseline }: Wanted,
  fresh: NewEval | null,
): string | null {
  if (agent === '') return 'Choose an agent first';
  if (fresh !== null && fresh.name.trim() === '') return 'Name the eval first';
  if (fresh !== null && fresh.dataset === '') return 'Choose a dataset first';
  if (evalId === '') return 'Choose an eval first';
  if (what === 'comparison' && candidate !== '' && candidate === baseline)
    return 'Choose two versions that differ';
  return null;
}
