import { expect, test } from 'vitest';
import type { Answer, Ask, Endpoint } from './endpoint.ts';
import { createPace } from './pace.ts';
import { askPatiently, patientEndpoint, takePlace } from './patient-ask.ts';

const ask = {} as Ask;
const { signal } = new AbortController();
const broken = (fields: object = {}): Answer => ({
  ...{ ok: false, error: { kind: 'endpoint', message: 'gone', session_id: null } },
  ...{ throttled: null, final: null, ...fields },
});
const said = { ok: true, outcome: { reply: 'yes' } } as Answer;

function patienceWith(most = 2) {
  const waits: number[] = [];
  let time = 0;
  const now = (): number => (time += 1_000_000);
  const wait = async (ms: number): Promise<void> => {
    waits.push(ms);
  };
  return { waits, patience: { pace: createPace({ most, now }), max_attempts: 3, now, wait } };
}

/** An endpoint that gives these answers one after another. */
function saying(answers: readonly Answer[]) {
  const left = [...answers];
  return { left, ask: async () => left.shift() ?? broken({ final: 'run' }) };
}

test.each<[string, readonly Answer[], Answer, number[]]>([
  ['what broke is tried again', [broken(), broken(), said], said, [250, 500]],
  ['tries are used up', [broken(), broken(), broken(), said], broken(), [250, 500]],
  ['what is final is not tried again', [broken({ final: 'case' }), said], broken({ final: 'case' }), []],
  [
    'a refusal for being too much is no try',
    [...Array.from({ length: 5 }, () => broken({ throttled: { retry_after_ms: 0 } })), said],
    said,
    [],
  ],
])('%s', async (_name, answers, expected, waits) => {
  const { patience, ...given } = patienceWith();
  const place = await takePlace(patience.pace, signal);
  expect(await askPatiently(ask, { ...patience, endpoint: saying(answers), place, signal })).toEqual(
    expected,
  );
  expect(given.waits).toEqual(waits);
});

test('So many questions are asked at a time as there are places, and all are answered', async () => {
  const held: (() => void)[] = [];
  let underway = 0;
  let most = 0;
  const slow = {
    ask: async () => {
      most = Math.max(most, ++underway);
      await new Promise<void>((resolve) => held.push(resolve));
      underway--;
      return said;
    },
  } as unknown as Endpoint;
  const patient = patientEndpoint(slow, patienceWith(3).patience);
  let answered = 0;
  const all = Promise.all(
    Array.from({ length: 10 }, async () => {
      await patient.ask(ask, signal);
      answered++;
    }),
  );
  while (answered < 10) {
    held.shift()?.();
    await new Promise(setImmediate);
  }
  await all;
  expect(most).toBe(3);
});

test('Whoever is stopped while a place is awaited again has given up one place, and not two', async () => {
  const { patience } = patienceWith(2);
  const stop = new AbortController();
  const throttled = {
    ask: async () => {
      stop.abort(new Error('enough'));
      return broken({ throttled: { retry_after_ms: 0 } });
    },
  } as unknown as Endpoint;
  const patient = patientEndpoint(throttled, patience);
  await expect(patient.ask(ask, stop.signal)).rejects.toThrow('enough');
  for (let i = 0; i < 8; i++) patience.pace.tell({ type: 'succeeded' });
  expect(patience.pace.limit).toBe(2);
  await takePlace(patience.pace, signal);
  await takePlace(patience.pace, signal);
  const third = new AbortController();
  const late = takePlace(patience.pace, third.signal);
  third.abort(new Error('no place'));
  await expect(late).rejects.toThrow('no place');
});
