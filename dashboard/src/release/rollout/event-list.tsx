import type { ReactNode } from 'react';
import type { RolloutEventResponse } from '../../../../src/api/rollouts.ts';
import { Badge, type Tone } from '../../parts/badge.tsx';
import { type Column, List } from '../../parts/list.tsx';
import { Time } from '../../parts/time.tsx';
import { eventNumbers } from './event-numbers.ts';

const words: Readonly<Record<RolloutEventResponse['event'], readonly [string, Tone]>> = {
  started: ['started', 'busy'],
  look: ['look', 'calm'],
  step: ['next step', 'good'],
  paused: ['paused', 'warn'],
  resumed: ['resumed', 'busy'],
  completed: ['completed', 'good'],
  rolled_back: ['rolled back', 'bad'],
  aborted: ['aborted', 'calm'],
};

const columns: readonly Column<RolloutEventResponse>[] = [
  { title: 'Number', isNumber: true, cell: ({ seq }) => seq },
  { title: 'When', cell: ({ at }) => <Time at={at} /> },
  { title: 'What', cell: ({ event }) => <Badge tone={words[event][1]}>{words[event][0]}</Badge> },
  { title: 'Who', cell: ({ actor }) => (actor.name === 'pawl' ? 'the server' : actor.name) },
  { title: 'Why', cell: ({ reason }) => reason },
  {
    title: 'Numbers',
    cell: (event) => eventNumbers(event).map((text) => <div key={text}>{text}</div>),
  },
];

/** Everything that happened to a rollout, newest first, with the numbers it was decided on. */
export function EventList({ rolloutId }: { readonly rolloutId: string }): ReactNode {
  return (
    <List
      name="What happened"
      path={`/pawl/v1/rollouts/${rolloutId}/events`}
      columns={columns}
      keyOf={({ seq }) => String(seq)}
      empty="Nothing happened yet."
    />
  );
}
