import { Document, isMap, isScalar, parseDocument } from 'yaml';
import { PawlError } from '../core/errors.ts';
import { type Pin, type PinMap, parsePins, problemWithName } from './pins.ts';

/**
 * The text of a pins file with one pin set; everything else, comments and order included, stays. A text of null
 * makes a new file; `file` is what complaints call it.
 * @throws PawlError `invalid_request` for a text that is no pins file, a pin that may not be, or a file that is
 *   written in a way in which one pin cannot be changed alone.
 */
export function writePin(
  text: string | null,
  { name, pin, file }: { readonly name: string; readonly pin: Pin; readonly file: string },
): string {
  const problem = problemWithName(name);
  if (problem !== null) throw new PawlError('invalid_request', `${name}: ${problem}`);
  const before: PinMap = text === null ? new Map() : parsePins(text, file);
  const document = text === null ? new Document({ pins: {} }) : parseDocument(text);
  const setting = { name, pin, known: before.get(name) ?? null };
  const written = withNumber(document, setting, text ?? '') ?? withEdit(document, setting, text ?? '');
  const expected = new Map([...before, [name, pin] as const]);
  // An anchor that two pins share changes both; whoever wrote it knows better what is wanted.
  if (JSON.stringify([...parsePins(written, file)]) === JSON.stringify([...expected])) return written;
  throw new PawlError(
    'invalid_request',
    `${file}: pins.${name}: cannot be set without changing another pin; edit the file by hand, or write it without anchors`,
  );
}

type Setting = {
  readonly name: string;
  readonly pin: Pin;
  /** The pin as it was; null for a new one. */
  readonly known: Pin | null;
};

/** The usual case, of which a reviewer sees one number: another version and nothing else. Null when it is another. */
function withNumber(document: Document, { name, pin, known }: Setting, text: string): string | null {
  const others = { ...pin, version: known?.version };
  if (known === null || JSON.stringify(others) !== JSON.stringify(known)) return null;
  const held = document.getIn(['pins', name, 'version'], true);
  if (!isScalar(held) || !held.range) return null;
  const [start, end] = held.range;
  return `${text.slice(0, start)}${pin.version}${text.slice(end)}`;
}

/** Everything else goes through the document. A text that its own means do not reach stays as it is. */
function withEdit(document: Document, { name, pin, known }: Setting, text: string): string {
  if (known === null) {
    const pins = document.get('pins');
    if (!isMap(pins)) return text;
    // An empty map is written as {}, and what is put into it would stay on that line.
    if (pins.items.length === 0) pins.flow = false;
    const stated = Object.entries(pin).filter(([, value]) => value !== null);
    pins.set(name, document.createNode(Object.fromEntries(stated)));
    return print(document, text);
  }
  const held = document.getIn(['pins', name]);
  if (!isMap(held)) return text;
  for (const [field, value] of Object.entries(pin)) {
    if (value === null) held.delete(field);
    else if (held.get(field) !== value) held.set(field, value);
  }
  return print(document, text);
}

function print(document: Document, before: string): string {
  const indent = /^( +)\S/m.exec(before)?.[1]?.length ?? 2;
  const text = document.toString({ lineWidth: 0, indent });
  return before.includes('\r\n') ? text.replaceAll('\n', '\r\n') : text;
}
