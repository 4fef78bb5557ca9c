import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type Action, useAction } from '../http/use-action.ts';
import { load, look, type Progress } from './loading.ts';
import { steps } from './steps.ts';

/** The example, as far as it is there; undefined until that is known. */
export type Example = {
  readonly progress: Progress | undefined;
  readonly error: Error | null;
  /** Makes what is not there, with the model that the agent is to have. */
  readonly loading: Action<string, Progress>;
};

/** Looks what of the example is there, and makes the rest when somebody asks for it. */
export function useExample(): Example {
  const queries = useQueryClient();
  const [now, setNow] = useState<Progress | undefined>();
  const found = useQuery({ queryKey: ['example'], queryFn: () => look(steps) });
  const loading = useAction((model: string) => load(steps, { model, onProgress: setNow }), {
    onDone: () => void queries.invalidateQueries(),
  });
  return { progress: now ?? found.data, error: loading.error ?? found.error, loading };
}
