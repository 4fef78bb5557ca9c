import { z } from 'zod';
import type { Environment } from '../../agent/environments.ts';
import { type EnvironmentSettings, packageManagers } from '../../core/environment.ts';
import { flag, limit, longText, metadata, metadataPatch, notSupported, page, text } from './fields.ts';

const host = z
  .string()
  .max(253)
  .regex(
    /^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*$/i,
    'must be a host name, or *. and a host name, without scheme, port or path',
  );

const networking = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('unrestricted') }),
    z.strictObject({
      type: z.literal('limited'),
      allowed_hosts: z.array(host).max(1000).nullable().optional(),
      allow_mcp_servers: z.boolean().nullable().optional(),
      allow_package_managers: z.boolean().nullable().optional(),
    }),
  ])
  .nullable();

const packageNames = z.array(text(1, 256)).max(1000).nullable().optional();
const packages = z
  .strictObject({
    type: z.literal('packages').optional(),
    ...(Object.fromEntries(packageManagers.map((manager) => [manager, packageNames])) as Record<
      (typeof packageManagers)[number],
      typeof packageNames
    >),
  })
  .nullable();

/** `anthropic_cloud` is an older name of `cloud`. */
const cloud = z.strictObject({
  type: z.enum(['cloud', 'anthropic_cloud']),
  networking: networking.optional(),
  packages: packages.optional(),
});

const selfHosted = z.strictObject({ type: z.literal('self_hosted') });

const newConfig = z
  .discriminatedUnion('type', [cloud, selfHosted])
  .superRefine((config, context) => {
    if (config.type !== 'self_hosted') return;
    notSupported(context, "config.type 'self_hosted' is not supported by this server yet; use 'cloud'");
  })
  .transform((config) => (config.type === 'self_hosted' ? {} : config))
  .nullable();

const scope = z.literal('organization', "must be 'organization'").nullable();

export const environmentCreate = z.strictObject({
  name: text(1, 256),
  description: longText(2048).nullable().optional(),
  config: newConfig.optional(),
  metadata: metadata.optional(),
  scope: scope.optional(),
});

export const environmentUpdate = z.strictObject({
  name: text(1, 256).nullable().optional(),
  description: longText(2048).nullable().optional(),
  config: z.discriminatedUnion('type', [cloud, selfHosted]).nullable().optional(),
  metadata: metadataPatch.optional(),
  scope: scope.optional(),
});

export const environmentListQuery = z.strictObject({
  limit: limit(20, 100),
  page,
  include_archived: flag('Whether archived ones are listed as well.'),
});

/** An environment as answers carry it. */
export type EnvironmentResponse = EnvironmentSettings & {
  readonly id: string;
  readonly type: 'environment';
  readonly scope: 'organization';
  readonly created_at: string;
  readonly updated_at: string;
  readonly archived_at: string | null;
};

export function environmentResponse({ settings, ...row }: Environment): EnvironmentResponse {
  return {
    id: row.id,
    type: 'environment',
    ...settings,
    scope: 'organization',
    created_at: row.created_at,
    updated_at: row.updated_at,
    archived_at: row.archived_at,
  };
}
