import { useQueryClient } from '@tanstack/react-query';
import type { RolloutResponse } from '../../../../src/api/rollouts.ts';
import { type Liveness, useFollow } from '../../http/follow.ts';
import { keyOf, useRead } from '../../http/use-read.ts';

type LiveRollout = {
  readonly rollout: ReturnType<typeof useRead<RolloutResponse>>;
  readonly liveness: Liveness;
};

/** A rollout as it goes on: the server tells of every look, and what hangs on it is read anew. */
export function useRollout(id: string): LiveRollout {
  const queries = useQueryClient();
  const path = `/pawl/v1/rollouts/${id}`;
  const rollout = useRead<RolloutResponse>(path);
  const liveness = useFollow(`${path}/stream`, {
    onEvent: (data) => {
      const told = data as RolloutResponse;
      const known = queries.getQueryData<RolloutResponse>(keyOf(path));
      queries.setQueryData(keyOf(path), told);
      if (known?.looks === told.looks && known.updated_at === told.updated_at) return;
      for (const part of ['events', 'evidence']) {
        void queries.invalidateQueries({ queryKey: keyOf(`${path}/${part}`).slice(0, -1) });
      }
      if (known?.status === told.status && known.weight === told.weight) return;
      void queries.invalidateQueries({
        queryKey: keyOf(`/pawl/v1/agents/${told.agent_id}/aliases`).slice(0, -1),
      });
    },
    isOver: (data) => (data as RolloutResponse).ended_at !== null,
  });
  return { rollout, liveness };
}
