import type { Pin } from '../../pin/pins.ts';
import { readPins } from '../../pin/pins-file.ts';
import { CommandError } from '../command-error.ts';
import { type Format, print, printJson, table } from '../output.ts';

export type PinShowOptions = { readonly file: string; readonly output: Format };

/** Shows all pins of the file, or one. @throws CommandError, PawlError */
export function showPins(name: string | undefined, { file, output }: PinShowOptions): void {
  const pins = [...readPins(file)].filter(([one]) => name === undefined || one === name);
  if (name !== undefined && pins.length === 0) throw new CommandError(`${file} has no pin ${name}`);
  if (output === 'json') printJson({ pins: Object.fromEntries(pins) });
  else print(pins.length === 0 ? `${file} pins nothing.` : tableOf(pins));
}

function tableOf(pins: readonly (readonly [string, Pin])[]): string {
  const rows = pins.map(([name, pin]) => [name, ...cells(pin)]);
  return table(['PIN', 'VERSION', 'AGENT', 'EVAL', 'NOTE'], rows);
}

function cells({ agent, version, eval: by, note }: Pin): string[] {
  return [String(version), agent, by ?? '', note ?? ''];
}
