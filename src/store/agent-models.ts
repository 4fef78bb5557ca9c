import type { Dialect, Handle } from './dialect.ts';
import { jsonFieldBesideAnyText } from './json-field.ts';

/** The model ids of the latest versions of the newest agents that are not archived, each once; so many agents at most. */
export async function listAgentModels(db: Handle, dialect: Dialect, agents: number): Promise<string[]> {
  const newest = db
    .selectFrom('agents')
    .select(['id', 'latest_version'])
    .where('archived_at', 'is', null)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(agents);
  const rows = await db
    .selectFrom(newest.as('live'))
    .innerJoin('agent_versions', (join) =>
      join
        .onRef('agent_versions.agent_id', '=', 'live.id')
        .onRef('agent_versions.version', '=', 'live.latest_version'),
    )
    .select(jsonFieldBesideAnyText<string>(dialect, 'agent_versions.config', ['model', 'id']).as('model'))
    .distinct()
    .execute();
  return rows.map(({ model }) => model);
}
