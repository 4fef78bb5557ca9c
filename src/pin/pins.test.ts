import { describe, expect, test } from 'vitest';
import { parsePins } from './pins.ts';

const complaint = (text: string): string => {
  try {
    parsePins(text, 'p.yaml');
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return 'none';
};

describe('A pins file', () => {
  test('gives every pin, in order', () => {
    const text = [
      'pins:',
      '  triage: {agent: agent_1, version: 3, eval: evals/triage.yaml, note: "Since May: faster"}',
      '  billing.bot: # the other one',
      '    version: 12',
      '    agent: agent_2',
      '    eval:',
    ].join('\r\n');
    expect([...parsePins(text, 'p.yaml')]).toEqual([
      ['triage', { agent: 'agent_1', version: 3, eval: 'evals/triage.yaml', note: 'Since May: faster' }],
      ['billing.bot', { agent: 'agent_2', version: 12, eval: null, note: null }],
    ]);
    expect(parsePins('pins: {}', 'p.yaml').size).toBe(0);
  });

  test.each([
    ['', 'p.yaml: must be a map with pins in it, as in {pins: {NAME: …}}'],
    ['pins', 'p.yaml: must be a map with pins in it, as in {pins: {NAME: …}}'],
    ['{}', 'p.yaml: pins: must be a map of names to pins'],
    ['pins: [a]', 'p.yaml: pins: must be a map of names to pins'],
    ['pins: {}\npin: {}', 'p.yaml: pin: unknown; pins is all that there may be'],
    ['pins: {a: 3}', 'p.yaml: pins.a: must be a map with agent and version'],
    ['pins:\n  a: {version: 1}', 'p.yaml: pins.a.agent: must be the id of an agent, agent_…'],
    ['pins:\n  a: {agent: triage, version: 1}', 'p.yaml: pins.a.agent: must be the id of an agent, agent_…'],
    [
      'pins:\n  a: {agent: agent_1@production, version: 1}',
      'p.yaml: pins.a.agent: must be the id of an agent, agent_…, without an alias: an alias moves, and a pin stays',
    ],
    ['pins:\n  a: {agent: agent_1}', 'p.yaml: pins.a.version: must be a whole number from 1'],
    ['pins:\n  a: {agent: agent_1, version: 0}', 'p.yaml: pins.a.version: must be a whole number from 1'],
    ['pins:\n  a: {agent: agent_1, version: 1.5}', 'p.yaml: pins.a.version: must be a whole number from 1'],
    ['pins:\n  a: {agent: agent_1, version: "3"}', 'p.yaml: pins.a.version: must be a whole number from 1'],
    ['pins:\n  a: {agent: agent_1, version: 1e99}', 'p.yaml: pins.a.version: must be a whole number from 1'],
    [
      'pins:\n  a: {agent: agent_1, version: 1, eval: 3}',
      'p.yaml: pins.a.eval: must be the name of an eval or the path of an eval file',
    ],
    [
      'pins:\n  a: {agent: agent_1, version: 1, note: [x]}',
      'p.yaml: pins.a.note: must be text of at most 1000 characters',
    ],
    [
      'pins:\n  a: {agent: agent_1, version: 1, evil: x}',
      'p.yaml: pins.a.evil: unknown; a pin has agent, version, eval, note',
    ],
    [
      'pins:\n  a: {agent: agent_1, version: 1}\n  a: {agent: agent_1, version: 2}',
      'p.yaml: line 3, column 3: the key is there twice',
    ],
    [
      'pins:\n  a: {agent: agent_1, version: 1, version: 2}',
      'p.yaml: line 2, column 35: the key is there twice',
    ],
    ['pins: {a: *b}', 'p.yaml: Unresolved alias'],
    ['pins: {a', 'p.yaml: line 1, column 9: '],
    ['pins: {a: \u0000}', 'p.yaml: '],
  ])('%j is refused: %s', (text, expected) => {
    expect(complaint(text)).toContain(expected);
  });

  test.each(['7', '__proto__', '"a b"', '-x', '.x', '""', '"a\\nb"'])('has no pin named %s', (name) => {
    expect(complaint(`pins:\n  ${name}: {agent: agent_1, version: 1}`)).toContain(
      'a name must be text that begins with',
    );
  });

  test('may not be endless', () => {
    expect(complaint('#'.repeat(2 ** 20 + 1))).toBe('p.yaml: must not be larger than 1 MiB');
    const bomb = [
      'a: &a [x, x, x, x]',
      ...'bcdefgh'.split('').map((to, i) => `${to}: &${to} [${Array(9).fill(`*${'abcdefg'[i]}`)}]`),
    ];
    expect(complaint(bomb.join('\n'))).toContain('p.yaml: ');
  });
});
