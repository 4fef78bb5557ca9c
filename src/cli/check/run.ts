import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type PinChange, pinChanges } from '../../pin/pin-changes.ts';
import { readPins } from '../../pin/pins-file.ts';
import { CommandError, InterruptedError, sentenceOf } from '../command-error.ts';
import { note } from '../eval/note.ts';
import { exitCodes } from '../exit-codes.ts';
import { paintFor } from '../output.ts';
import { openBase } from '../pin/base-pins.ts';
import { changeInWords } from '../pin/diff.ts';
import { checkJson } from './json.ts';
import { judgePin } from './judge.ts';
import { checkJunit } from './junit.ts';
import { checkMarkdown } from './markdown.ts';
import type { CheckOptions } from './options.ts';
import { type CheckResult, exitCodeOf, type PinOutcome, worstVerdict } from './outcome.ts';
import type { CheckContext } from './setting.ts';
import { checkTable } from './table.ts';

/**
 * Checks the pins that differ from the base, prints the result, and sets the exit code by the worst of them. What
 * cannot be found out about one pin does not keep the others from being checked.
 * @throws CommandError, PawlError when there is nothing to check or to compare with, and InterruptedError.
 */
export async function checkPins(options: CheckOptions): Promise<void> {
  const { file, inconclusiveAs } = options;
  const pins = readPins(file);
  const base = await openBase(file, options);
  const outcomes: PinOutcome[] = [];
  for (const change of pinChanges(base.pins, pins)) outcomes.push(await settle(change, { base, options }));
  const verdicts = outcomes.map(({ verdict }) => verdict);
  const result: CheckResult = {
    ...{ file, base: base.name, verdict: worstVerdict(verdicts) },
    ...{ exit_code: exitCodeOf(verdicts, inconclusiveAs), pins: outcomes },
  };
  process.stdout.write(written(result, options.output));
  if (options.markdown !== undefined) writeText(options.markdown, checkMarkdown(result));
  if (options.junit !== undefined) writeText(options.junit, checkJunit(result));
  if (result.exit_code !== exitCodes.ok) process.exitCode = result.exit_code;
}

async function settle(change: PinChange, context: CheckContext): Promise<PinOutcome> {
  if (change.kind !== 'unchanged') note(`Pin ${change.name}: ${changeInWords(change)}.`);
  try {
    return await judgePin(change, context);
  } catch (error) {
    if (error instanceof InterruptedError) throw error;
    return { change, verdict: 'error', reason: sentenceOf(error), remarks: [], evidence: null };
  }
}

function written(result: CheckResult, output: CheckOptions['output']): string {
  switch (output) {
    case 'table':
      return checkTable(result, paintFor(process.stdout));
    case 'json':
      return checkJson(result);
    case 'markdown':
      return checkMarkdown(result);
    case 'junit':
      return checkJunit(result);
    default:
      return output satisfies never;
  }
}

function writeText(file: string, text: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  } catch (error) {
    throw new CommandError(`${file} cannot be written: ${sentenceOf(error)}`, { cause: error });
  }
}
