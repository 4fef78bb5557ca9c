import fc from 'fast-check';
import { expect, test } from 'vitest';
import { offeredName, offeredNames, type ServerTool } from './tool-names.ts';

const allowed = /^mcp__[A-Za-z0-9_-]{1,59}$/;
const anyTool = fc.record({ server: fc.string({ unit: 'binary' }), tool: fc.string({ unit: 'binary' }) });
/** Many of these look alike once they are cleaned, or once they are put together. */
const alike = fc.record({
  server: fc.constantFrom('a', 'a_', 'a__b', 'a.b', 'ä'),
  tool: fc.constantFrom('b', '_b', 'b__c', 'b.c', 'b c', 'x'.repeat(70), 'x'.repeat(71)),
});

test.each([
  ['orders', 'look_up', 'mcp__orders__look_up'],
  ['my-server', '_x', 'mcp__my-server___x'],
  ['a', 'b'.repeat(56), `mcp__a__${'b'.repeat(56)}`],
])('Names that fit and can be read one way only are told as they are: %s, %s', (server, tool, name) => {
  expect(offeredName({ server, tool })).toBe(name);
});

test.each([
  ['a', 'b'.repeat(57), /^mcp__a__b{47}_[0-9a-f]{8}$/],
  ['s'.repeat(255), 'b', /^mcp__s{20}__b_[0-9a-f]{8}$/],
  ['a', 'größe.neu', /^mcp__a__gr__e_neu_[0-9a-f]{8}$/],
  ['a__b', 'c', /^mcp__a__b__c_[0-9a-f]{8}$/],
  ['a_', 'b', /^mcp__a___b_[0-9a-f]{8}$/],
  ['a', '', /^mcp__a___[0-9a-f]{8}$/],
])('Others have a hash: %s, %s', (server, tool, name) => {
  expect(offeredName({ server, tool })).toMatch(name);
});

test('Every tool has one name that models take, and the way back leads to it', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(anyTool, alike), { maxLength: 40 }), (tools) => {
      const names = offeredNames(tools);
      for (const name of names.keys()) expect(name).toMatch(allowed);
      const identity = ({ server, tool }: ServerTool) => JSON.stringify([server, tool]);
      expect([...names.values()].map(identity)).toEqual([...new Set(tools.map(identity))]);
    }),
  );
});

test('A name does not depend on which other tools there are, nor on their order', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(anyTool, alike), { maxLength: 40 }), (tools) => {
      for (const [name, one] of offeredNames(tools)) expect(offeredName(one)).toBe(name);
      expect(new Map(offeredNames([...tools].reverse()))).toEqual(new Map(offeredNames(tools)));
    }),
  );
});

test('A server that gives a tool the name of another does not get it', () => {
  const one = { server: 'a', tool: 'b.c' };
  const taken = offeredName(one);
  const other = { server: 'a', tool: taken.slice('mcp__a__'.length) };
  expect(offeredName(other)).toBe(taken);
  for (const tools of [
    [one, other],
    [other, one],
  ]) {
    const names = offeredNames(tools);
    expect(names.size).toBe(2);
    expect(names.get(taken)).toEqual(one);
  }
});
