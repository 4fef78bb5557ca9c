import type { Paint } from '../../core/plain-text.ts';
import type { AgentFields } from './agent-fields.ts';
import { writeAgentFile } from './agent-file.ts';
import { diffLines, unifiedHunks } from './line-diff.ts';

/** One side of a diff, and what its head calls it. */
export type Side = { readonly label: string; readonly fields: AgentFields };

/**
 * What differs between two states of an agent, prompt and all, as `diff -u` prints it, with everything in it that
 * would not be seen spelled out; no lines when nothing differs.
 */
export function fieldsDiff(before: Side, after: Side): string[] {
  const text = ({ fields }: Side): string => writeAgentFile(fields).replace(/\n$/, '');
  const hunks = unifiedHunks(diffLines({ before: text(before), after: text(after) }));
  if (hunks.length === 0) return [];
  return [`--- ${before.label}`, `+++ ${after.label}`, ...hunks].map(visible);
}

/** A line of a diff for a terminal. */
export function paintedLine(line: string, paint: Paint): string {
  if (line.startsWith('+')) return paint.green(line);
  return line.startsWith('-') ? paint.red(line) : paint.dim(line);
}

/**
 * Text from elsewhere on one line, with each character spelled out that a terminal would obey or that takes no room on
 * it: a model reads those as well, and so must whoever reviews its prompt.
 */
export function visible(text: string): string {
  return text.replace(
    /(?!\t)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}
