import type { CredentialPlace } from '../vault/credentials.ts';
import type { Vaults } from '../vault/vaults.ts';
import type { App } from './http.ts';
import { lists, pageRequest } from './query.ts';
import { requireId } from './route.ts';
import { idParams, noBody } from './wire/params.ts';
import {
  type CredentialResponse,
  credentialCreate,
  credentialParams,
  credentialResponse,
  credentialUpdate,
  type ValidationResponse,
  type VaultResponse,
  vaultCreate,
  vaultListQuery,
  vaultResponse,
  vaultUpdate,
} from './wire/vaults.ts';

export function vaultRoutes(app: App, vaults: Vaults): void {
  settingRoutes(app, vaults);
  credentialRoutes(app, vaults);
}

function settingRoutes(app: App, vaults: Vaults): void {
  app.post(
    '/v1/vaults',
    { schema: { body: vaultCreate } },
    async ({ body, actor }): Promise<VaultResponse> => vaultResponse(await vaults.create(body, actor)),
  );

  app.get('/v1/vaults', { schema: { querystring: vaultListQuery } }, async ({ query }) => {
    const page = await vaults.list(query, pageRequest(query, lists.vaults));
    return { ...page, data: page.data.map(vaultResponse) };
  });

  app.get(
    '/v1/vaults/:id',
    { schema: { params: idParams } },
    async ({ params }): Promise<VaultResponse> =>
      vaultResponse(await vaults.retrieve(requireId('vault', params.id))),
  );

  app.post(
    '/v1/vaults/:id',
    { schema: { params: idParams, body: vaultUpdate } },
    async ({ params, body, actor }): Promise<VaultResponse> =>
      vaultResponse(await vaults.update(requireId('vault', params.id), body, actor)),
  );

  app.post(
    '/v1/vaults/:id/archive',
    { schema: { params: idParams, body: noBody } },
    async ({ params, actor }): Promise<VaultResponse> =>
      vaultResponse(await vaults.archive(requireId('vault', params.id), actor)),
  );

  app.delete('/v1/vaults/:id', { schema: { params: idParams } }, async ({ params, actor }) => {
    await vaults.remove(requireId('vault', params.id), actor);
    return { id: params.id, type: 'vault_deleted' as const };
  });
}

function credentialRoutes(app: App, vaults: Vaults): void {
  const base = '/v1/vaults/:id/credentials';
  const one = `${base}/:credential_id` as const;

  app.post(
    base,
    { schema: { params: idParams, body: credentialCreate } },
    async ({ params, body, actor }): Promise<CredentialResponse> =>
      credentialResponse(await vaults.credentials.create(requireId('vault', params.id), body, actor)),
  );

  app.get(base, { schema: { params: idParams, querystring: vaultListQuery } }, async ({ params, query }) => {
    const filter = { ...query, vault_id: requireId('vault', params.id) };
    const page = await vaults.credentials.list(filter, pageRequest(query, lists.vault_credentials));
    return { ...page, data: page.data.map(credentialResponse) };
  });

  app.get(
    one,
    { schema: { params: credentialParams } },
    async ({ params }): Promise<CredentialResponse> =>
      credentialResponse(await vaults.credentials.retrieve(placeOf(params))),
  );

  app.post(
    one,
    { schema: { params: credentialParams, body: credentialUpdate } },
    async ({ params, body, actor }): Promise<CredentialResponse> =>
      credentialResponse(await vaults.credentials.update(placeOf(params), body, actor)),
  );

  app.post(
    `${one}/archive`,
    { schema: { params: credentialParams, body: noBody } },
    async ({ params, actor }): Promise<CredentialResponse> =>
      credentialResponse(await vaults.credentials.archive(placeOf(params), actor)),
  );

  app.post(
    `${one}/mcp_oauth_validate`,
    { schema: { params: credentialParams, body: noBody } },
    async ({ params }): Promise<ValidationResponse> => ({
      type: 'vault_credential_validation',
      ...(await vaults.validate(placeOf(params))),
    }),
  );

  app.delete(one, { schema: { params: credentialParams } }, async ({ params, actor }) => {
    await vaults.credentials.remove(placeOf(params), actor);
    return { id: params.credential_id, type: 'vault_credential_deleted' as const };
  });
}

function placeOf(params: { readonly id: string; readonly credential_id: string }): CredentialPlace {
  return { vault_id: requireId('vault', params.id), id: requireId('credential', params.credential_id) };
}
