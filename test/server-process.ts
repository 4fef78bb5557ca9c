import { flushCompileCache } from 'node:module';
import { loadConfig } from '../src/config.ts';
import { startServer } from '../src/server.ts';

/*
 * A server in a process of its own, so that a test can kill it. Settings come as one JSON argument, by their names;
 * the first line of output is the URL and how many sessions were taken up.
 */

const flags = JSON.parse(process.argv[2] ?? '{}') as Record<string, string>;
const { config } = loadConfig({ flags: { port: '0', ...flags }, env: {}, folder: '/nonexistent' });
const complain = (fields: object, message: string): void => {
  const { err } = fields as { err?: unknown };
  process.stderr.write(`${message} ${JSON.stringify(fields)} ${err instanceof Error ? err.stack : ''}\n`);
};
const server = await startServer({
  config,
  log: { debug: () => {}, info: () => {}, warn: complain, error: complain },
});
// It is killed, so that nothing is kept for the next one at its end.
flushCompileCache();
process.stdout.write(`${server.url} took up ${server.recovered ?? 'what others leave'}\n`);
