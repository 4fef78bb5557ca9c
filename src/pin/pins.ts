import { LineCounter, parseDocument } from 'yaml';
import { PawlError } from '../core/errors.ts';
import { isId } from '../core/ids.ts';
import { maxInteger } from '../core/page.ts';

/** An exact version of an agent, as callers keep it in their own repository. */
export type Pin = {
  /** The agent's id, `agent_…`. */
  readonly agent: string;
  /** From 1. */
  readonly version: number;
  /** The eval that a new version has to pass: a name on the server, or a path from the pins file. Null is none. */
  readonly eval: string | null;
  /** A remark for people; null is none. */
  readonly note: string | null;
};

/** Pins by their names, in the order of the file. */
export type PinMap = ReadonlyMap<string, Pin>;

/** What the file is called when nobody says otherwise. */
export const usualPinsFile = 'pawl.pins.yaml';

const maxLength = 1024 * 1024;

/**
 * Reads the text of a pins file; `file` is what complaints call it.
 * @throws PawlError `invalid_request`, with the file and the line or the place in it: `pins.NAME.version: …`.
 */
export function parsePins(text: string, file: string): PinMap {
  const complain = (problem: string): PawlError => new PawlError('invalid_request', `${file}: ${problem}`);
  if (text.length > maxLength) throw complain('must not be larger than 1 MiB');
  const root = readYaml(text, complain);
  if (!(root instanceof Map)) throw complain('must be a map with pins in it, as in {pins: {NAME: …}}');
  const other = [...root.keys()].find((key) => key !== 'pins');
  if (other !== undefined) throw complain(`${String(other)}: unknown; pins is all that there may be`);
  const pins: unknown = root.get('pins');
  if (!(pins instanceof Map)) throw complain('pins: must be a map of names to pins');
  return new Map(
    [...pins].map(([name, fields]) => {
      const problem = problemWithName(name);
      if (problem !== null) throw complain(`pins.${String(name)}: ${problem}`);
      return [
        String(name),
        readPin(fields, (place, allowed) => complain(`pins.${name}${place}: ${allowed}`)),
      ];
    }),
  );
}

/** What is wrong with the name of a pin; null when nothing is. */
export function problemWithName(name: unknown): string | null {
  if (typeof name === 'string' && /^[A-Za-z0-9][\w.-]{0,99}$/.test(name)) return null;
  return 'a name must be text that begins with a letter or digit and has at most 100 letters, digits, dots, dashes and underscores';
}

/** Whether two pins stand for the same version of the same agent, whatever else they say. */
export function samePin(one: Pin, other: Pin): boolean {
  return one.agent === other.agent && one.version === other.version;
}

/** What each field of a pin may be; null when the value is allowed. */
const fieldRules: { readonly [F in keyof Pin]: (value: unknown) => string | null } = {
  agent(value) {
    if (typeof value === 'string' && isId('agent', value)) return null;
    const alias = typeof value === 'string' && value.includes('@');
    return `must be the id of an agent, agent_…${alias ? ', without an alias: an alias moves, and a pin stays' : ''}`;
  },
  version: (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= maxInteger
      ? null
      : 'must be a whole number from 1',
  eval: (value) => (isLine(value) ? null : 'must be the name of an eval or the path of an eval file'),
  note: (value) =>
    typeof value === 'string' && value.length <= longestText
      ? null
      : `must be text of at most ${longestText} characters`,
};

const longestText = 1000;

function isLine(value: unknown): boolean {
  return typeof value === 'string' && /^[^\p{Cc}]+$/u.test(value) && value.length <= longestText;
}

function readPin(fields: unknown, complain: (place: string, allowed: string) => PawlError): Pin {
  if (!(fields instanceof Map)) throw complain('', 'must be a map with agent and version');
  for (const key of fields.keys()) {
    const known = Object.keys(fieldRules).join(', ');
    if (!Object.hasOwn(fieldRules, key)) throw complain(`.${key}`, `unknown; a pin has ${known}`);
  }
  const take = <T>(field: keyof Pin, required: boolean): T => {
    const value: unknown = fields.get(field);
    if (!required && (value === undefined || value === null)) return null as T;
    const problem = fieldRules[field](value);
    if (problem !== null) throw complain(`.${field}`, problem);
    return value as T;
  };
  return {
    agent: take('agent', true),
    version: take('version', true),
    eval: take('eval', false),
    note: take('note', false),
  };
}

function readYaml(text: string, complain: (problem: string) => PawlError): unknown {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [first] = document.errors;
  if (first === undefined) {
    try {
      // As maps, in which a key like `__proto__` is a key like any other.
      return document.toJS({ mapAsMap: true });
    } catch (error) {
      throw complain(error instanceof Error ? error.message : String(error));
    }
  }
  const { line, col } = lines.linePos(first.pos[0]);
  const problem = first.code === 'DUPLICATE_KEY' ? 'the key is there twice' : first.message;
  throw complain(`line ${line}, column ${col}: ${problem}`);
}
