import fc from 'fast-check';

/** Values that are wrong almost everywhere; as JSON text, because not all of them survive a JavaScript object. */
const oddValues = [
  ...['null', 'true', '0', '-1', '1.5', '1e400', '-0', '2147483648', '9007199254740993', '9'.repeat(40)],
  ...[
    '""',
    '" "',
    '"x"',
    '"\\u0000"',
    '"a\\u0000b"',
    '"\\ud800"',
    '"🦫"',
    '"agent_x"',
    '"2026-01-01T00:00:00Z"',
  ],
  ...[`"${'x'.repeat(257)}"`, `"${'x'.repeat(100_001)}"`],
  ...[
    '[]',
    '[null]',
    '[[]]',
    '["x"]',
    '[{}]',
    '{}',
    '{"type":"x"}',
    '{"id":"x"}',
    '{"":""}',
    '{"toString":"x"}',
  ],
  ...['{"__proto__":{"x":1}}', '{"constructor":{"prototype":{"x":1}}}', `[${'[],'.repeat(999)}[]]`],
  '{"type":"agent","id":"agent_x","version":99999999999}',
];
const oddKeys = ['extra', '__proto__', 'constructor', 'id', 'type', 'version', '0', '', 'toString'];

/** JSON texts that are a body with one place replaced, removed, or given one more member. */
export function mutations(body: object): fc.Arbitrary<string> {
  const value = fc.oneof(fc.constantFrom(...oddValues), fc.json({ maxDepth: 3 }));
  const change = fc.oneof(
    value.map((text): Change => ({ replace: text })),
    fc.constant<Change>('remove'),
    fc.tuple(fc.constantFrom(...oddKeys), value).map(([key, text]): Change => ({ add: key, text })),
  );
  return fc
    .tuple(fc.constantFrom(...placesIn(body)), change)
    .map(([place, what]) => withChange(body, place, what));
}

/** The paths of everything inside a value, itself included. */
export function placesIn(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, member]) => placesIn(member, [...path, key]))];
}

export type Change =
  | { readonly replace: string }
  | 'remove'
  | { readonly add: string; readonly text: string };

/** JSON text of a value with a change at a place. */
export function withChange(value: unknown, place: readonly string[], change: Change): string {
  const [next, ...rest] = place;
  if (next === undefined && change === 'remove') return 'null';
  if (next === undefined && typeof change === 'object' && 'replace' in change) return change.replace;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .filter(([key]) => key !== next || rest.length > 0 || change !== 'remove')
    .map(([key, member]) => [key, key === next ? withChange(member, rest, change) : JSON.stringify(member)]);
  if (next === undefined && typeof change === 'object' && 'add' in change)
    members.push([change.add, change.text]);
  if (Array.isArray(value)) return `[${members.map(([, text]) => text).join(',')}]`;
  return `{${members.map(([key, text]) => `${JSON.stringify(key)}:${text}`).join(',')}}`;
}
