import { expect, test } from 'vitest';
import { firstPolicy } from '../core/release.ts';
import type { Role } from '../core/roles.ts';
import type { MoveRow } from '../store/aliases.ts';
import { rollbackTarget } from './rollback-target.ts';

/*
 * Histories are written as they come to be: `set 1`, `promotion 2`, `rollback`. What a move goes back to is worked out
 * as the rooms do it.
 */

const held = { since: '2026-01-01T00:00:00Z', by: 'ann', reason: 'bad' };

function move(number: number, to: number, before: number | null): MoveRow {
  return {
    ...{ agent_id: 'agent_a', alias: 'production', move: number, kind: 'promotion' as const },
    ...{ from_version: null, to_version: to, before, actor: '{}', reason: null, evidence: null },
    created_at: '2026-01-01T00:00:00Z',
  };
}

type Asked = { to?: number; from?: number; force?: boolean; is_held?: boolean; role?: Role };

function targetOf(
  moves: readonly MoveRow[],
  { to, from, force = false, is_held = false, role = 'admin' }: Asked = {},
) {
  const last = moves.at(-1) ?? null;
  const alias = {
    ...{ name: 'production', version: last?.to_version ?? null, policy: firstPolicy('production') },
    hold: is_held ? held : null,
    rollout: null,
  };
  return rollbackTarget(
    alias,
    { to, from, force, role },
    {
      last,
      before: moves.find((one) => one.move === last?.before) ?? null,
      named: moves.findLast((one) => one.to_version === to) ?? null,
      taken: moves.findLast((one) => one.kind === 'rollback' && one.from_version === to) ?? null,
    },
  );
}

const promotedTwice = [move(1, 1, null), move(2, 2, 1), move(3, 3, 2)];

test('a rollback goes to what was there before', () => {
  expect(targetOf(promotedTwice)).toEqual({ version: 2, before: 1 });
});

test('a second rollback goes further back, and not to what the first one took away', () => {
  const once = [...promotedTwice, move(4, 2, 1)];
  expect(targetOf(once, { from: 2, is_held: true })).toEqual({ version: 1, before: null });
});

test('two people who press the button at once make one rollback', () => {
  const once = [...promotedTwice, move(4, 2, 1)];
  expect(() => targetOf(once, { is_held: true })).toThrow(/was rolled back to version 2 by ann/);
});

test('where nothing was before, there is nothing to go back to', () => {
  expect(() => targetOf([move(1, 1, null)])).toThrow(/has stood for no other version than 1/);
  expect(() => targetOf([])).toThrow(/stands for no version/);
});

test('a named version has to have been there, unless it is forced', () => {
  expect(targetOf(promotedTwice, { to: 1 })).toEqual({ version: 1, before: null });
  expect(() => targetOf(promotedTwice, { to: 7 })).toThrow(/has never stood for version 7/);
  expect(targetOf(promotedTwice, { to: 7, force: true })).toEqual({ version: 7, before: 2 });
  const forced = { to: 7, force: true, role: 'releaser' } as const;
  expect(() => targetOf(promotedTwice, forced)).toThrow(/needs an API key with the role admin/);
});

test('a version that was itself rolled back is no place to go back to, until it was promoted again', () => {
  const away = { ...move(4, 2, 1), kind: 'rollback' as const, from_version: 3 };
  const once = [...promotedTwice, away];
  expect(() => targetOf(once, { to: 3 })).toThrow(/version 3 was itself rolled back/);
  const again = [...once, move(5, 3, 4), move(6, 4, 5)];
  expect(targetOf(again, { to: 3 })).toEqual({ version: 3, before: 4 });
});

test('going back to where it is, or from where it is not, is refused', () => {
  expect(() => targetOf(promotedTwice, { to: 3, force: true })).toThrow(/stands for version 3 already/);
  expect(() => targetOf(promotedTwice, { from: 2 })).toThrow(/stands for version 3, not for version 2/);
});
