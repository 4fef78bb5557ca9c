import { type PinChange, pinChanges } from '../../pin/pin-changes.ts';
import { samePin } from '../../pin/pins.ts';
import { readPins } from '../../pin/pins-file.ts';
import { columns, type Format, print, printJson } from '../output.ts';
import { type BaseOptions, openBase } from './base-pins.ts';

export type PinDiffOptions = BaseOptions & { readonly file: string; readonly output: Format };

/** Shows which pins differ from the base. @throws CommandError, PawlError */
export async function diffPins({ file, output, ...options }: PinDiffOptions): Promise<void> {
  const pins = readPins(file);
  const base = await openBase(file, options);
  const changes = pinChanges(base.pins, pins).filter(({ kind }) => kind !== 'unchanged');
  if (output === 'json') return printJson({ base: base.name, changes });
  if (changes.length === 0) return print(`No pin differs from ${base.name}.`);
  print(columns(changes.map((change) => [change.name, changeInWords(change)])).join('\n'));
}

/** What has become of a pin, in a few words. */
export function changeInWords(change: PinChange): string {
  const { kind, from, to } = change;
  switch (kind) {
    case 'unchanged':
      return `version ${to.version}, unchanged`;
    case 'added':
      return `new: version ${to.version} of ${to.agent}`;
    case 'removed':
      return `removed: was version ${from.version} of ${from.agent}`;
    case 'repinned':
      return `version ${from.version} → ${to.version}`;
    case 'renamed': {
      const versions = samePin(from, to) ? to.version : `${from.version} → ${to.version}`;
      return `version ${versions}, under a new name: was ${change.was}`;
    }
    case 'moved':
      return `version ${from.version} of ${from.agent} → version ${to.version} of ${to.agent}`;
    default:
      return kind satisfies never;
  }
}
