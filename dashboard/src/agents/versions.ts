import type { AliasResponse } from '../../../src/api/aliases.ts';
import type { AgentResponse } from '../../../src/api/wire/agents.ts';
import { useRead } from '../http/use-read.ts';

/** An agent at one version; without a number, at the newest. */
export function useAgent(id: string, version?: string | number): ReturnType<typeof useRead<AgentResponse>> {
  return useRead<AgentResponse>(`/v1/agents/${id}`, { query: { version } });
}

/** The aliases of an agent, read anew every few seconds: a rollout or a colleague moves them. */
export function useAliases(
  id: string,
): ReturnType<typeof useRead<{ readonly data: readonly AliasResponse[] }>> {
  return useRead(`/pawl/v1/agents/${id}/aliases`, { everyMs: 5000 });
}

/** Where a version is live, in words: as which alias, and in which canary. */
export function placesOf(version: number, aliases: readonly AliasResponse[]): string[] {
  return aliases.flatMap(({ name, version: served, rollout }) => {
    const places: string[] = [];
    if (served === version) places.push(name);
    if (rollout?.version === version) places.push(`${name}, canary at ${rollout.weight} %`);
    return places;
  });
}
