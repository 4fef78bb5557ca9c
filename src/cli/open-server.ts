import { type ServerAccess, serverAccess } from './api-client.ts';
import { CommandError, InterruptedError, networkReason } from './command-error.ts';
import type { EmbeddedOptions } from './embedded.ts';
import { settingsHere } from './environment.ts';
import { exitCodes } from './exit-codes.ts';

/** A server that a command works with. */
export type OpenServer = ServerAccess & {
  /** Whether it runs in this process and ends with the command. */
  readonly embedded: boolean;
  /** Aborted when the user stops the command. Listeners may still say what becomes of things. */
  readonly signal: AbortSignal;
};

/** Which server a command is to work with. */
export type ServerChoice = {
  /** What `--url` says; absent leaves it to the environment. */
  readonly url?: string;
  /** What a server of this process is told beyond its configuration. */
  readonly embedded?: EmbeddedOptions;
};

/**
 * Works with the server that `--url` or the environment names. When nobody names one, a server is started in this
 * process on the data that is configured here, and closed again; when another process has those data, its server
 * is looked for. Ctrl-C stops the work in good order, and a second one ends the process where it stands.
 * @throws CommandError, ConfigError, InterruptedError, and whatever the work throws.
 */
export async function withServer<T>(
  choice: ServerChoice,
  work: (server: OpenServer) => Promise<T>,
): Promise<T> {
  const interruption = awaitInterruption();
  const { signal } = interruption;
  let opened: Opened | null = null;
  try {
    opened = await open(choice);
    if (signal.aborted) throw new InterruptedError();
    return await Promise.race([
      work({ ...opened.access, embedded: opened.embedded, signal }),
      interruption.stopped,
    ]);
  } finally {
    await opened?.close();
    interruption.end();
  }
}

type Opened = {
  readonly access: ServerAccess;
  readonly embedded: boolean;
  close(): Promise<void>;
};

async function open({ url, embedded = {} }: ServerChoice): Promise<Opened> {
  const settings = settingsHere();
  if (url !== undefined || settings.url !== null) {
    const access = serverAccess(url, settings);
    refuseEndpoint(access, embedded);
    return { access, embedded: false, close: async () => {} };
  }
  const { startEmbedded } = await import('./embedded.ts');
  const started = await startEmbedded(embedded);
  if (started.kind === 'started') {
    const { server } = started;
    const access = { url: server.url, key: server.own_key, key_from: null };
    return { access, embedded: true, close: server.close };
  }
  const access = serverAccess(`http://127.0.0.1:${started.port}`, settings);
  await requireAnswer(access, started.place);
  refuseEndpoint(access, embedded);
  return { access, embedded: false, close: async () => {} };
}

const probeTimeoutMs = 3000;

/** @throws CommandError when the process that has the data cannot be talked to at its usual place. */
async function requireAnswer({ url }: ServerAccess, place: string): Promise<void> {
  try {
    // Any answer will do, and this one costs nothing.
    await fetch(url, { method: 'HEAD', redirect: 'manual', signal: AbortSignal.timeout(probeTimeoutMs) });
  } catch (error) {
    throw new CommandError(
      `Another pawl process is using ${place}, and no server answers at ${url} (${networkReason(error)}); wait until that process is done, or name its server with --url`,
      { cause: error },
    );
  }
}

function refuseEndpoint({ url }: ServerAccess, { endpoint }: EmbeddedOptions): void {
  if (endpoint === undefined) return;
  throw new CommandError(
    `--endpoint is for evals that the command runs by itself, and here the server at ${url} would run them; it knows endpoints by its PAWL_EVAL_ENDPOINTS, and an eval names one as its endpoint`,
  );
}

/** Listens for Ctrl-C and for the signal to end, until `end` is called. A second one ends the process where it stands. */
export function awaitInterruption(): {
  readonly signal: AbortSignal;
  /** Rejects at the first signal. */
  readonly stopped: Promise<never>;
  end(): void;
} {
  const controller = new AbortController();
  const { promise, reject } = Promise.withResolvers<never>();
  // Nobody may be waiting for it at the moment.
  promise.catch(() => {});
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted);
    controller.abort(new InterruptedError());
    reject(new InterruptedError());
  };
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const name of signals) process.on(name, onSignal);
  return {
    signal: controller.signal,
    stopped: promise,
    end() {
      for (const name of signals) process.off(name, onSignal);
    },
  };
}
