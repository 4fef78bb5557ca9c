import { type RawBuilder, sql } from 'kysely';
import type { Dialect } from './dialect.ts';
import { jsonFieldBesideAnyText } from './json-field.ts';
import { holds } from './search.ts';

/** Whether a promotion or a rollout is found by a part of its reason or of its agent's name, or by its id. */
export function isFoundBy(
  part: string,
  { dialect, table }: { readonly dialect: Dialect; readonly table: 'promotions' | 'rollouts' },
): RawBuilder<boolean> {
  const name = jsonFieldBesideAnyText<string>(dialect, 'named.config', ['name']);
  const reason = sql.ref<string | null>(`${table}.reason`);
  return sql<boolean>`(${sql.ref(`${table}.id`)} = ${part} or ${holds(reason, part)} or exists (
    select 1 from agents as owner
    inner join agent_versions as named on named.agent_id = owner.id and named.version = owner.latest_version
    where owner.id = ${sql.ref(`${table}.agent_id`)} and ${holds(name, part)}))`;
}
