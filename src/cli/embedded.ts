import { loadConfig, processEnvironment } from '../config.ts';
import { inspectDatabase, type Server, startServer } from '../server.ts';
import type { Config } from '../settings.ts';
import { databasePlace } from './database-place.ts';
import { createLog } from './log.ts';

/** What a server of this process is told beyond its configuration, because whoever runs the command says so. */
export type EmbeddedOptions = {
  /** Where scorer modules are, unless that is configured. */
  readonly scorer_dir?: string | undefined;
  /** Where scorers that are asked over HTTP may be, besides those that are configured. */
  readonly scorer_urls?: readonly string[] | undefined;
  /** An endpoint that evals may name besides those that are configured. */
  readonly endpoint?: { readonly name: string; readonly url: string; readonly key: string } | undefined;
};

/** A server in this process; or word that another process has the database, and the port where it may listen. */
export type Embedded =
  | { readonly kind: 'started'; readonly server: Server }
  | { readonly kind: 'in_use'; readonly place: string; readonly port: number };

/**
 * Starts a server on a free port of this machine, with the configuration of the current folder and its data. What
 * other processes left unfinished stays as it is until somebody resumes it.
 * @throws ConfigError, DatabaseError
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const { config: found, sources } = loadConfig({
    flags: {},
    env: processEnvironment(),
    folder: process.cwd(),
  });
  const config = embeddedConfig(found, options);
  // The command tells what matters; whoever wants the log as well has asked for it.
  const level = sources.log_level === 'default' ? 'silent' : found.log_level;
  const log = createLog(level, (line) => process.stderr.write(line));
  try {
    return { kind: 'started', server: await startServer({ config, log, for_one_command: true }) };
  } catch (error) {
    const { in_use } = await inspectDatabase(found);
    if (!in_use) throw error;
    return { kind: 'in_use', place: databasePlace(found).place, port: found.port };
  }
}

function embeddedConfig(config: Config, options: EmbeddedOptions): Config {
  const { scorer_dir, scorer_urls = [], endpoint } = options;
  const target = endpoint === undefined ? [] : [`${endpoint.name}=${endpoint.url}`];
  const targetKey = endpoint === undefined ? [] : [`${endpoint.name}=${endpoint.key}`];
  return {
    ...config,
    ...{ host: '127.0.0.1', port: 0, allow_no_key: false },
    scorer_dir: config.scorer_dir ?? scorer_dir ?? null,
    scorer_urls: joined(config.scorer_urls, scorer_urls),
    eval_endpoints: joined(config.eval_endpoints, target),
    eval_endpoint_keys: joined(config.eval_endpoint_keys, targetKey),
  };
}

/** A setting that is a list, and more of it. */
function joined(setting: string | null, more: readonly string[]): string | null {
  const all = [...(setting === null ? [] : [setting]), ...more];
  return all.length === 0 ? null : all.join(',');
}
