import { type Paint, plain } from '../../core/plain-text.ts';
import { columns } from '../output.ts';
import { changeInWords } from '../pin/diff.ts';
import { type CheckResult, headline, type PinOutcome } from './outcome.ts';

/** The result for people: a line for each pin, and what was found out about those that changed. */
export function checkTable(result: CheckResult, paint: Paint): string {
  const { pins, verdict, base } = result;
  const colour = { pass: paint.green, fail: paint.red, inconclusive: paint.yellow, error: paint.red }[
    verdict
  ];
  if (pins.length === 0) return `Nothing is pinned, here or at ${plain(base)}.\n`;
  const lines = columns(pins.map((pin) => [pin.change.name, changeInWords(pin.change), pin.verdict]));
  const parts = [lines.join('\n'), ...pins.filter(isTold).map((pin) => told(pin, paint))];
  return `${parts.join('\n\n')}\n\n${colour(verdict)}: ${plain(headline(result))}\n`;
}

function isTold({ change, remarks }: PinOutcome): boolean {
  return change.kind !== 'unchanged' || remarks.length > 0;
}

function told({ change, reason, remarks, evidence }: PinOutcome, paint: Paint): string {
  const lines = [paint.bold(change.name), ...[reason, ...remarks].map((line) => `  ${plain(line)}`)];
  return evidence === null ? lines.join('\n') : `${lines.join('\n')}\n\n${evidence.table.trimEnd()}`;
}
