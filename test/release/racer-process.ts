import type { RaceAnswer, RaceCall } from './racers.ts';

/** A client in a process of its own: it makes the calls that its parent sends, and sends back the answers. */
export const racerProcess = import.meta.filename;

const patienceMs = 30_000;

async function make({ url, key, path, body }: RaceCall): Promise<RaceAnswer> {
  const response = await fetch(`${url}/pawl/v1${path}`, {
    method: 'POST',
    headers: { 'x-api-key': key, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(patienceMs),
  });
  const answer = (await response.json()) as {
    readonly error?: { readonly message: string; readonly details: { readonly error_code: string } };
  };
  const { message = '', details } = answer.error ?? {};
  return { status: response.status, code: details?.error_code ?? null, message, body: answer };
}

async function makeAll(calls: readonly RaceCall[]): Promise<void> {
  const answers: RaceAnswer[] = [];
  for (const call of calls) answers.push(await make(call));
  process.send?.(answers);
}

if (import.meta.main) {
  // What goes wrong ends this process, and with it the race.
  process.on('message', (calls: readonly RaceCall[]) => void makeAll(calls));
  process.send?.('ready');
}
