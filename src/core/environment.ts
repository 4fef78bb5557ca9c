import { PawlError } from './errors.ts';
import { type Metadata, type MetadataPatch, patchMetadata } from './metadata.ts';

export const packageManagers = ['apt', 'cargo', 'gem', 'go', 'npm', 'pip'] as const;
export type PackageManager = (typeof packageManagers)[number];

export type Networking =
  | { readonly type: 'unrestricted' }
  | {
      readonly type: 'limited';
      /** Bare host names, or `*.` and a host name. */
      readonly allowed_hosts: readonly string[];
      readonly allow_mcp_servers: boolean;
      readonly allow_package_managers: boolean;
    };

export type EnvironmentConfig = {
  readonly type: 'cloud';
  readonly networking: Networking;
  readonly packages: { readonly type: 'packages' } & {
    readonly [manager in PackageManager]: readonly string[];
  };
};

export type EnvironmentSettings = {
  readonly name: string;
  readonly description: string | null;
  readonly config: EnvironmentConfig;
  readonly metadata: Metadata;
};

/** Networking as a request gives it; an absent or null member keeps what is there. */
export type NetworkingInput =
  | { readonly type: 'unrestricted' }
  | {
      readonly type: 'limited';
      readonly allowed_hosts?: readonly string[] | null | undefined;
      readonly allow_mcp_servers?: boolean | null | undefined;
      readonly allow_package_managers?: boolean | null | undefined;
    };

/** The fields of a request; absent means keep (or the default, on create). */
export type EnvironmentChanges = {
  readonly name?: string | null | undefined;
  readonly description?: string | null | undefined;
  readonly metadata?: MetadataPatch | null | undefined;
  readonly config?:
    | {
        /** Absent, or any type that a request may name; another one than the environment has is refused. */
        readonly type?: 'cloud' | 'anthropic_cloud' | 'self_hosted';
        readonly networking?: NetworkingInput | null | undefined;
        readonly packages?:
          | { readonly [manager in PackageManager]?: readonly string[] | null | undefined }
          | null
          | undefined;
      }
    | null
    | undefined;
};

export const defaultEnvironmentConfig: EnvironmentConfig = {
  type: 'cloud',
  networking: { type: 'unrestricted' },
  packages: { type: 'packages', apt: [], cargo: [], gem: [], go: [], npm: [], pip: [] },
};

/**
 * The settings after a change. Unlike on agents, an empty description stays empty, and an empty metadata
 * value removes its key.
 * @throws PawlError `invalid_metadata`, `invalid_request`, `invalid_config_type_change`
 */
export function mergeSettings(
  current: EnvironmentSettings,
  changes: EnvironmentChanges,
): EnvironmentSettings {
  const config = mergeConfig(current.config, changes.config ?? {});
  requirePackagesReachable(config);
  return {
    name: changes.name ?? current.name,
    description: changes.description === undefined ? current.description : changes.description,
    config,
    metadata: patchMetadata(current.metadata, changes.metadata, { emptyRemoves: true }),
  };
}

function mergeConfig(
  current: EnvironmentConfig,
  changes: NonNullable<EnvironmentChanges['config']>,
): EnvironmentConfig {
  if (changes.type === 'self_hosted') {
    throw new PawlError('invalid_config_type_change', "config.type: this environment was made as 'cloud'");
  }
  const packages = { ...current.packages };
  for (const manager of packageManagers) packages[manager] = changes.packages?.[manager] ?? packages[manager];
  return { type: 'cloud', networking: mergeNetworking(current.networking, changes.networking), packages };
}

function mergeNetworking(current: Networking, input: NetworkingInput | null | undefined): Networking {
  if (input === null || input === undefined) return current;
  if (input.type === 'unrestricted') return { type: 'unrestricted' };
  const before = current.type === 'limited' ? current : null;
  return {
    type: 'limited',
    allowed_hosts: input.allowed_hosts ?? before?.allowed_hosts ?? [],
    allow_mcp_servers: input.allow_mcp_servers ?? before?.allow_mcp_servers ?? false,
    allow_package_managers: input.allow_package_managers ?? before?.allow_package_managers ?? false,
  };
}

function requirePackagesReachable({ networking, packages }: EnvironmentConfig): void {
  if (networking.type === 'unrestricted' || networking.allow_package_managers) return;
  const wanted = packageManagers.find((manager) => packages[manager].length > 0);
  if (wanted === undefined) return;
  const message = `config.packages.${wanted}: packages need networking.allow_package_managers to be true`;
  throw new PawlError('invalid_request', message);
}
