import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useAgent } from '../agents/versions.ts';

/** An agent by its name; until that is known, by its id. */
export function AgentName({ id }: { readonly id: string }): ReactNode {
  const { data } = useAgent(id);
  return <Link to={`/agents/${id}`}>{data?.name ?? <code>{id}</code>}</Link>;
}
