import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { comparison } from '../../../test/eval-subjects.ts';
import type { EvalResponse } from '../../api/evals.ts';
import { InterruptedError } from '../command-error.ts';
import type { OpenServer } from '../open-server.ts';
import { startComparison } from './start.ts';

const ready = {
  eval: { id: 'eval_a', name: 'triage', revision: 1 } as EvalResponse,
  dataset_revision: null,
};
const versions = { candidate_version: 2, baseline_version: 1 };

/** A server that answers once the test says how, and what is told on standard error. */
async function waiting(onRequest: (response: ServerResponse) => void): Promise<{
  readonly url: string;
  readonly told: () => string;
}> {
  const server = createServer((_request, response) => onRequest(response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  onTestFinished(() => {
    stderr.mockRestore();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, told: () => stderr.mock.calls.join('') };
}

const openServer = (url: string, signal: AbortSignal): OpenServer => ({
  ...{ url, signal, key: null, key_from: null, embedded: false },
});

test('A command that is stopped while it starts a comparison still says which one goes on', async () => {
  const stop = new AbortController();
  const { url, told } = await waiting((response) => {
    stop.abort();
    response.end(JSON.stringify(comparison()));
  });
  const starting = startComparison(openServer(url, stop.signal), ready, { flags: { url } }, versions);
  await expect(starting).rejects.toThrow(InterruptedError);
  expect(told()).toContain(`cmp_a goes on at ${url}: \`pawl eval watch cmp_a --url ${url}\``);
});

test('A server that goes away before its answer may have begun, which is said', async () => {
  const { signal } = new AbortController();
  const gone = await waiting((response) => response.destroy());
  const lost = startComparison(openServer(gone.url, signal), ready, { flags: {} }, versions);
  await expect(lost).rejects.toThrow('No server answers');
  expect(gone.told()).toContain('Whether eval triage has begun is not known; `pawl eval list` shows');
});

test('A server that refuses has begun nothing, and nothing more is said', async () => {
  const { signal } = new AbortController();
  const strict = await waiting((response) => {
    response.writeHead(400).end(JSON.stringify({ error: { message: 'epochs: at most 100' } }));
  });
  const refused = startComparison(openServer(strict.url, signal), ready, { flags: {} }, versions);
  await expect(refused).rejects.toThrow('epochs: at most 100');
  expect(strict.told()).toBe('');
});

test('A command that is stopped before starts nothing', async () => {
  const asked = vi.fn();
  const { url } = await waiting(asked);
  const signal = AbortSignal.abort(new InterruptedError());
  const starting = startComparison(openServer(url, signal), ready, { flags: {} }, versions);
  await expect(starting).rejects.toThrow(InterruptedError);
  expect(asked).not.toHaveBeenCalled();
});
