import { dirname, join } from 'node:path';
import type { Pin } from '../../pin/pins.ts';
import type { ServerAccess } from '../api-client.ts';
import { namesFile } from '../eval/eval-file.ts';
import { type EvalSource, embeddedOptions, openEvalSource, retrieveEval } from '../eval/eval-source.ts';
import { type OpenServer, withServer } from '../open-server.ts';
import type { BasePins } from '../pin/base-pins.ts';
import { findVersion } from '../pin/find-version.ts';
import type { CheckOptions } from './options.ts';

/** What every pin of a check is judged by. */
export type CheckContext = { readonly base: BasePins; readonly options: CheckOptions };

/** Where one pin is judged. */
export type Setting = CheckContext & {
  readonly server: OpenServer;
  /** Where the agents are: the server, or the endpoint of `--endpoint`. */
  readonly agents: ServerAccess;
  /** The eval that the pin has to pass; null when none is named. */
  readonly source: EvalSource | null;
};

/** Opens what one pin needs: its eval may name scorers that a server of this process has to be told of. @throws CommandError */
export async function withSetting<T>(
  pin: Pin,
  context: CheckContext,
  work: (setting: Setting) => Promise<T>,
): Promise<T> {
  const { options } = context;
  const named = options.eval ?? evalOf(pin, options.file);
  const source = named === null ? null : openEvalSource(named, options);
  const embedded = source?.embedded ?? embeddedOptions(null, options.endpoint);
  return withServer({ ...options, embedded }, async (server) => {
    const at = embedded.endpoint;
    const agents = at === undefined ? server : { ...server, url: at.url, key: at.key, key_from: null };
    return work({ ...context, server, agents, source });
  });
}

/**
 * Why no session can be opened at a version; null when one can, or when only the eval's endpoint would know.
 * @throws CommandError when nobody answers.
 */
export async function problemWith(
  { agent, version }: Pin,
  { agents, ...setting }: Setting,
): Promise<string | null> {
  const answer = await findVersion(agents, agent, version);
  switch (answer.kind) {
    case 'found':
      return answer.archived ? `agent ${agent} is archived` : null;
    case 'absent':
      return (await runsElsewhere(setting)) ? null : answer.problem;
    case 'unreachable':
      throw answer.error;
    default:
      return answer satisfies never;
  }
}

/** Whether the server asks an endpoint of its own for the agents of this eval. */
async function runsElsewhere({ server, source, options }: Omit<Setting, 'agents'>): Promise<boolean> {
  if (source === null || options.endpoint !== undefined) return false;
  const { definition } = source.file ?? (await retrieveEval(server, source.name));
  return typeof definition.endpoint === 'string';
}

/** The eval that a pin names, a path being from the pins file on; null for none. */
function evalOf({ eval: named }: Pin, file: string): string | null {
  return named !== null && namesFile(named) ? join(dirname(file), named) : named;
}
