import { expect, test } from 'vitest';
import { worriesOf } from './worries.ts';

const work = {
  turns: { busy: 3, waiting: 0 },
  eval_runs: { running: 1, waiting: 2 },
  webhook_deliveries: { waiting: 1, dead: 0 },
};
const one = { name: 'a', started_at: '2026-11-23T11:00:00Z', heard_at: '2026-11-23T11:59:58Z' };

test('a server at work is nothing to worry about', () => {
  const processes = [{ ...one, role: 'all' }] as const;
  expect(worriesOf({ keys: 'required', falls_back_to_offline: false, work, processes })).toEqual([]);
});

test('what keeps work from being done comes first', () => {
  const ill = {
    keys: 'none',
    falls_back_to_offline: true,
    processes: [{ ...one, role: 'api' }],
    work: { ...work, turns: { busy: 9, waiting: 4 }, webhook_deliveries: { waiting: 0, dead: 2 } },
  } as const;
  expect(worriesOf(ill).map(({ text }) => text.split(/[:.,]/)[0])).toEqual([
    'No process works',
    'No key is asked for',
    'No provider is configured',
    '4 turns wait for a place',
    '2 webhook deliveries were given up',
  ]);
});
