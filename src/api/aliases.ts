import type { AliasPolicy } from '../core/release.ts';
import type { Alias, AliasMove } from '../release/alias.ts';
import type { Aliases } from '../release/aliases.ts';
import type { Rollback, Rollbacks } from '../release/rollbacks.ts';
import type { App } from './http.ts';
import { lists, pageRequest } from './query.ts';
import { requireId } from './route.ts';
import { idParams } from './wire/params.ts';
import {
  aliasParams,
  aliasPolicy,
  aliasRelease,
  aliasRollback,
  aliasSet,
  moveListQuery,
  releaseSettings,
} from './wire/release.ts';

/** An alias as answers carry it. */
export type AliasResponse = Alias & { readonly type: 'alias' };

/** One move of an alias as answers carry it. */
export type AliasMoveResponse = AliasMove & { readonly type: 'alias_move' };

/** A rollback as answers carry it. */
export type RollbackResponse = Omit<Rollback, 'alias'> & {
  readonly type: 'rollback';
  readonly alias: AliasResponse;
};

/** What sessions get that name an agent alone. */
export type ReleaseSettingsResponse = {
  readonly type: 'release_settings';
  readonly agent_id: string;
  readonly default_alias: string | null;
};

type Deps = { readonly aliases: Aliases; readonly rollbacks: Rollbacks };

const releaser = { role: 'releaser' } as const;
const path = '/pawl/v1/agents/:id/aliases/:alias';

export function aliasRoutes(app: App, { aliases, rollbacks }: Deps): void {
  const answer = (alias: Alias): AliasResponse => ({ type: 'alias', ...alias });
  const keyOf = ({ id, alias }: { id: string; alias: string }) => ({
    agent_id: requireId('agent', id),
    name: alias,
  });

  app.get('/pawl/v1/agents/:id/aliases', { schema: { params: idParams } }, async ({ params }) => {
    const all = await aliases.list(requireId('agent', params.id));
    return { data: all.map(answer), next_page: null };
  });

  app.get(path, { schema: { params: aliasParams } }, async ({ params }) =>
    answer(await aliases.retrieve(keyOf(params))),
  );

  app.get(
    `${path}/moves`,
    { schema: { params: aliasParams, querystring: moveListQuery } },
    async ({ params, query }) => {
      const page = await aliases.history(keyOf(params), pageRequest(query, lists.alias_moves));
      return { ...page, data: page.data.map((move): AliasMoveResponse => ({ type: 'alias_move', ...move })) };
    },
  );

  // What an alias that is not protected asks for is less than what a protected one does, so the room decides.
  app.post(path, { schema: { params: aliasParams, body: aliasSet } }, async ({ params, body, actor }) => {
    const { version, from, reason = null } = body;
    return answer(await aliases.set(keyOf(params), { to: version, from, by: actor, reason }));
  });

  app.post(
    `${path}/rollback`,
    { schema: { params: aliasParams, body: aliasRollback }, config: releaser },
    async ({ params, body, actor }): Promise<RollbackResponse> => {
      const { to, from, running, force, reason = null } = body;
      const change = { to, from, running, force, by: actor, reason };
      const { alias, ...rolledBack } = await rollbacks.rollBack(keyOf(params), change);
      return { type: 'rollback', alias: answer(alias), ...rolledBack };
    },
  );

  app.post(
    `${path}/release`,
    { schema: { params: aliasParams, body: aliasRelease }, config: releaser },
    async ({ params, body, actor }) =>
      answer(await aliases.release(keyOf(params), { by: actor, reason: body.reason ?? null })),
  );

  app.post(
    `${path}/policy`,
    { schema: { params: aliasParams, body: aliasPolicy }, config: { role: 'admin' } },
    async ({ params, body, actor }) => {
      const { reason = null, ...given } = body;
      const said = Object.entries(given).filter(([, value]) => value !== undefined);
      const changes = Object.fromEntries(said) as Partial<AliasPolicy>;
      return answer(await aliases.setPolicy(keyOf(params), { changes, by: actor, reason }));
    },
  );

  app.post(
    '/pawl/v1/agents/:id/settings',
    { schema: { params: idParams, body: releaseSettings }, config: releaser },
    async ({ params, body, actor }): Promise<ReleaseSettingsResponse> => {
      const change = { alias: body.default_alias, by: actor, reason: body.reason ?? null };
      const { id, default_alias } = await aliases.setDefault(requireId('agent', params.id), change);
      return { type: 'release_settings', agent_id: id, default_alias };
    },
  );
}
