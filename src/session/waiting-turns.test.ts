import { expect, test } from 'vitest';
import { requireRoomForTurn } from './waiting-turns.ts';

test.each([
  [0, 1],
  [0, 1000],
  [999, 1000],
])('with %i turns waiting where %i may, another is started', (waiting, max_waiting) => {
  requireRoomForTurn({ waiting, max_waiting });
});

test.each([
  [1, 1],
  [1000, 1000],
  [5000, 1000],
])(
  'with %i turns waiting where %i may, none is started, and the caller is told when to try',
  (waiting, max_waiting) => {
    expect(() => requireRoomForTurn({ waiting, max_waiting })).toThrow(
      expect.objectContaining({ code: 'overloaded', retry_after_s: 1 }),
    );
  },
);
