import { type Log, type LogFields, type LogLevel, logLevels } from '../core/log.ts';

/**
 * A log of JSON lines. Whoever calls it keeps prompts, replies and secrets out of the fields, and calls none of them `time`,
 * `level` or `message`.
 */
export function createLog(level: LogLevel, write: (line: string) => void): Log {
  const timeNow = createTimestamps();
  const at = (own: LogLevel): Log['error'] => {
    if (logLevels.indexOf(own) < logLevels.indexOf(level)) return () => {};
    return (fields, message) => {
      const more = inside(fields.err === undefined ? fields : { ...fields, err: describe(fields.err) });
      // Put together by hand: sessions of rollouts each have a line, and a copy of its fields takes as long as all the rest.
      write(`{"time":"${timeNow()}","level":"${own}","message":${JSON.stringify(message)}${more}}\n`);
    };
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/**
 * Lets the lines of one turn of the event loop go out together: sessions of rollouts that share a commit each have one, and
 * a write costs more than the line. What waits when the process ends goes out first; only a kill takes it along.
 */
export function gatherLines(write: (lines: string) => void): (line: string) => void {
  let waiting = '';
  const flush = (): void => {
    const lines = waiting;
    waiting = '';
    if (lines !== '') write(lines);
  };
  process.once('exit', flush);
  return (line) => {
    if (waiting === '') setImmediate(flush);
    waiting += line;
  };
}

/** The time as RFC 3339 has it, in milliseconds. Only what is in front of them takes long to write, and once a second. */
function createTimestamps(): () => string {
  let second = Number.NaN;
  let start = '';
  return () => {
    const ms = Date.now();
    const now = Math.floor(ms / 1000);
    if (now !== second) {
      second = now;
      start = new Date(ms).toISOString().slice(0, -4);
    }
    return `${start}${String(ms - now * 1000).padStart(3, '0')}Z`;
  };
}

/** The fields as they go on in an object that has others already. */
function inside(fields: LogFields): string {
  const text = JSON.stringify(fields);
  return text === '{}' ? '' : `,${text.slice(1, -1)}`;
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
