import type { ReactNode } from 'react';
import type { AliasResponse } from '../../../src/api/aliases.ts';
import { useRead } from '../http/use-read.ts';
import { RollBack } from './roll-back.tsx';

type AliasKey = Pick<AliasResponse, 'agent_id' | 'name'>;

/** An alias, read anew every few seconds: a rollout or a colleague moves it. */
export function useAlias({ agent_id, name }: AliasKey): ReturnType<typeof useRead<AliasResponse>> {
  return useRead<AliasResponse>(`/pawl/v1/agents/${agent_id}/aliases/${name}`, { everyMs: 3000 });
}

/** The way back for whoever looks at what moves an alias; nothing until the alias is known. */
export function AliasRollBack(alias: AliasKey): ReactNode {
  const { data } = useAlias(alias);
  return data === undefined ? null : <RollBack alias={data} explains />;
}
