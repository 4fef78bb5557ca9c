import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { AliasResponse } from '../../../src/api/aliases.ts';
import type { ComparisonResponse } from '../../../src/api/comparisons.ts';
import type { EvalRunResponse } from '../../../src/api/eval-runs.ts';
import type { EvalResponse } from '../../../src/api/evals.ts';
import type { AgentResponse } from '../../../src/api/wire/agents.ts';
import { send } from '../http/client.ts';
import { type Action, useAction } from '../http/use-action.ts';
import { useRead } from '../http/use-read.ts';
import type { ListSearch, ServerPage } from '../parts/list.tsx';
import { mayActAs, useMe } from '../shell/me.ts';
import { useEvals } from './eval-choice.tsx';
import { type NewEval, newEvalOf, noEval } from './new-eval.tsx';
import { requestOf, type Wanted, whyNotYet } from './start.ts';

/** What is known of an agent that was chosen: its newest version, and what production serves. */
export type ChosenAgent = { readonly newest: number; readonly production: number | null };

type Start = {
  readonly wanted: Wanted;
  readonly change: (part: Partial<Wanted>) => void;
  /** Null until one is chosen and known. */
  readonly agent: ChosenAgent | null;
  /** Null until they are known. */
  readonly evals: readonly EvalResponse[] | null;
  /** The eval that is made first; null when one that exists is run. */
  readonly fresh: NewEval | null;
  readonly setFresh: (value: NewEval) => void;
  readonly start: Action<void, EvalRunResponse | ComparisonResponse>;
  /** Why it cannot be started; null when it can. */
  readonly because: string | null;
};

/** What somebody wants to have evaluated, beginning with what the address says, and how it is started. */
export function useStart(search: ListSearch): Start {
  const me = useMe();
  const navigate = useNavigate();
  const [typed, setTyped] = useState<Wanted>({
    ...{ what: 'comparison', agent: search['agent'] ?? '', candidate: search['version'] ?? '', baseline: '' },
    ...{ evalId: search['eval'] ?? '', epochs: '', fresh: false },
  });
  const [typedEval, setFresh] = useState<NewEval>(noEval);
  const agent = useChosenAgent(typed.agent);
  const evals = useEvals(typed.agent);
  const isNew = typed.evalId === 'new' || evals?.length === 0;
  const wanted = { ...typed, evalId: isNew ? 'new' : typed.evalId || (evals?.[0]?.id ?? '') };
  const fresh = isNew ? typedEval : null;
  const start = useAction(
    async () => {
      const made =
        fresh === null ? null : await send<EvalResponse>('/pawl/v1/evals', newEvalOf(fresh, wanted.agent));
      const { path, body } = requestOf({ ...wanted, evalId: made?.id ?? wanted.evalId });
      return send<EvalRunResponse | ComparisonResponse>(path, body);
    },
    {
      changes: ['/pawl/v1/evals', '/pawl/v1/eval_runs', '/pawl/v1/comparisons'],
      onDone: ({ id, type }) =>
        void navigate({ to: `/evaluations/${type === 'eval_run' ? 'runs' : 'comparisons'}/${id}` }),
    },
  );
  return {
    ...{ wanted, agent, evals, fresh, setFresh, start },
    change: (part) => setTyped({ ...typed, ...part }),
    because: mayActAs(me, 'editor') ? whyNotYet(wanted, fresh) : 'Viewers read only',
  };
}

function useChosenAgent(id: string): ChosenAgent | null {
  const agent = useRead<AgentResponse>(id === '' ? null : `/v1/agents/${id}`).data;
  const path = id === '' ? null : `/pawl/v1/agents/${id}/aliases`;
  const aliases = useRead<ServerPage<AliasResponse>>(path).data?.data ?? [];
  if (id === '' || agent === undefined || agent.id !== id) return null;
  const production = aliases.find(({ name }) => name === 'production')?.version ?? null;
  return { newest: agent.version, production };
}
