import { pipeline } from 'node:stream/promises';
import { styleText } from 'node:util';
import { Option } from 'commander';
import { type Paint, plain } from '../core/plain-text.ts';
import { exitCodes } from './exit-codes.ts';

const formats = ['table', 'json'] as const;

/** How a command gives its result: for people, or for programs. */
export type Format = (typeof formats)[number];

/** The `-o` that every command with a result has. */
export function outputOption(): Option {
  return new Option('-o, --output <format>', 'how to print the result').choices(formats).default('table');
}

/** Prints a result for programs: one JSON value and nothing else. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** Prints text for people. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/**
 * Prints a file as it comes. When its reader has had enough before its end, the exit code says so. Throws what
 * reading the file throws.
 */
export async function printFile(file: ReadableStream<Uint8Array>): Promise<void> {
  try {
    await pipeline(file, process.stdout, { end: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
    process.exitCode = exitCodes.unread;
  }
}

type Screen = { readonly isTTY?: boolean; hasColors?(): boolean };

/** Whether a screen is a terminal with colours that nobody has turned off by NO_COLOR. */
export function hasColours(screen: Screen): boolean {
  // Node's answer takes NO_COLOR and TERM into account.
  return screen.isTTY === true && screen.hasColors?.() === true;
}

/** Colours for a terminal that has them. Everywhere else, text stays as it is. */
export function paintFor(screen: Screen): Paint {
  const colours = hasColours(screen);
  const style = (name: keyof Paint) => (text: string) =>
    colours ? styleText(name, text, { validateStream: false }) : text;
  return {
    bold: style('bold'),
    dim: style('dim'),
    green: style('green'),
    red: style('red'),
    yellow: style('yellow'),
  };
}

/** Lines up cells in columns, two spaces apart. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const clean = rows.map((row) => row.map(plain));
  const widths: number[] = [];
  for (const row of clean) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  }
  return clean.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** Lines up cells in columns, under heads that stand out in a terminal. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const [head = '', ...lines] = columns([heads, ...rows]);
  return [paintFor(process.stdout).bold(head), ...lines].join('\n');
}
