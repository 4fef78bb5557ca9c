import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Pin, parsePins } from './pins.ts';
import { writePin } from './write-pin.ts';

const text = `# What our services run.
pins:
    # Tickets first.
    triage: # by Ada
        agent: agent_1 # ticket-triage
        version: 3 # since Monday
        eval: evals/triage.yaml

    # Then the rest.
    billing: { agent: agent_2, version: 1 }
`;

const set = (before: string | null, name: string, pin: Partial<Pin>): string =>
  writePin(before, {
    ...{ name, file: 'p.yaml' },
    pin: { agent: 'agent_1', version: 1, eval: null, note: null, ...pin },
  });

describe('Setting a pin', () => {
  test('changes a number and leaves every comment and the order as they were', () => {
    const written = set(text, 'triage', { version: 4, eval: 'evals/triage.yaml' });
    expect(written).toBe(text.replace('version: 3', 'version: 4'));
  });

  test('puts a new pin at the end, and fields that are no more away', () => {
    // A remark behind the colon of a map goes to the next line, and stays from then on.
    const settled = text.replace(': # by Ada', ':\n        # by Ada');
    const written = set(text, 'new', { version: 2, note: 'on trial' });
    expect(written).toBe(
      `${settled}    new:\n        agent: agent_1\n        version: 2\n        note: on trial\n`,
    );
    expect(set(text, 'triage', { version: 3 })).not.toContain('evals/triage.yaml');
  });

  test('makes a file', () => {
    const made = set(null, 'triage', { version: 2 });
    expect(made).toBe('pins:\n  triage:\n    agent: agent_1\n    version: 2\n');
    expect(set('pins: {} # none yet\n', 'triage', { version: 2 })).toContain(
      '\n  triage:\n    agent: agent_1\n',
    );
  });

  test('keeps the line ends of the file', () => {
    const windows = text.replaceAll('\n', '\r\n');
    const written = set(windows, 'triage', { version: 4, eval: 'evals/triage.yaml' });
    expect(written).toBe(windows.replace('version: 3', 'version: 4'));
  });

  test('changes no other pin, not even where both are written as one', () => {
    const shared = 'pins:\n  a: &x {agent: agent_1, version: 1}\n  b: *x\n';
    for (const name of ['a', 'b']) {
      expect(() => set(shared, name, { version: 2 })).toThrow(
        `p.yaml: pins.${name}: cannot be set without changing`,
      );
    }
    const number = 'pins:\n  a: {agent: agent_1, version: &v 1}\n  b: {agent: agent_2, version: *v}\n';
    expect(() => set(number, 'a', { version: 2 })).toThrow('cannot be set without');
    expect(parsePins(set(number, 'b', { agent: 'agent_2', version: 2 }), '').get('a')?.version).toBe(1);
  });

  test('refuses names and values that could not be read back', () => {
    expect(() => set(text, 'a b', {})).toThrow('a b: a name must be');
    expect(() => set(text, 'a', { version: 0 })).toThrow(
      'p.yaml: pins.a.version: must be a whole number from 1',
    );
    expect(() => set('pins: [', 'a', {})).toThrow('p.yaml: line 1');
  });

  test('is read back as it was set, whatever stood there', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9][\w.-]{0,12}$/);
    const line = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
      .filter((one) => /^[^\p{Cc}]+$/u.test(one));
    const pin = fc.record({
      agent: fc.stringMatching(/^agent_[0-9A-Za-z]{1,12}$/),
      version: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
      eval: fc.option(line),
      note: fc.option(fc.string({ unit: 'grapheme', maxLength: 60 })),
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(name, pin), { minLength: 1, maxLength: 8 }), (settings) => {
        let written: string | null = null;
        const expected = new Map<string, Pin>();
        for (const [one, fields] of settings) {
          written = writePin(written, { name: one, pin: fields, file: 'p.yaml' });
          expected.set(one, fields);
        }
        expect([...parsePins(written ?? '', '')]).toEqual([...expected]);
      }),
      { numRuns: 60 },
    );
  });
});
