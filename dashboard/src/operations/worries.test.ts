import { expect, test } from 'vitest';
import { worriesOf } from './worries.ts';

const now = Date.parse('2026-11-23T12:00:00Z');
const work = {
  turns: { busy: 3, waiting: 0 },
  eval_runs: { running: 1, waiting: 2 },
  webhook_deliveries: { waiting: 1, dead: 0 },
};
const one = { name: 'a', started_at: '2026-11-23T11:00:00Z', heard_at: '2026-11-23T11:59:58Z' };
const well = { keys: 'required', falls_back_to_offline: false, work } as const;

test('a server at work is nothing to worry about', () => {
  expect(worriesOf({ ...well, processes: [{ ...one, role: 'all' }] }, now)).toEqual([]);
});

test('what keeps work from being done comes first', () => {
  const heard_at = '2026-11-23T11:58:00Z';
  const silent = { ...one, name: 'b', role: 'api', heard_at } as const;
  const ill = {
    ...{ keys: 'none', falls_back_to_offline: true, processes: [{ ...one, role: 'api' }, silent] },
    work: { ...work, turns: { busy: 9, waiting: 4 }, webhook_deliveries: { waiting: 0, dead: 2 } },
  } as const;
  expect(worriesOf(ill, now).map(({ text }) => text.split(/[:.,]/)[0])).toEqual([
    'No process works',
    'b has not been heard of for more than a minute',
    'No key is asked for',
    'No provider is configured',
    '4 turns wait for a place',
    '2 webhook deliveries were given up',
  ]);
});
