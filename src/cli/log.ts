import { type Log, type LogFields, type LogLevel, logLevels } from '../core/log.ts';

/** A log of JSON lines. Whoever calls it keeps prompts, replies and secrets out of the fields. */
export function createLog(level: LogLevel, write: (line: string) => void): Log {
  const at = (own: LogLevel) => (fields: LogFields, message: string) => {
    if (logLevels.indexOf(own) < logLevels.indexOf(level)) return;
    const { err, ...rest } = fields;
    const error = err === undefined ? {} : { err: describe(err) };
    write(`${JSON.stringify({ time: new Date().toISOString(), level: own, message, ...rest, ...error })}\n`);
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** Only what an error has for certain: what else hangs on it may hold a request with its headers. */
function describe(error: unknown): {
  name: string;
  message: string;
  code?: unknown;
  stack?: string | undefined;
} {
  if (!(error instanceof Error)) return { name: 'not an error', message: String(error) };
  const { name, message, stack } = error;
  return 'code' in error ? { name, message, code: error.code, stack } : { name, message, stack };
}
