import { functionsOf, linesOf } from './source.ts';
import { isProduct, isTest, type Tree } from './tree.ts';

export const limits = { file: 500, function: 70, median: 120 } as const;

/** Something that is allowed to be too long, for a reason that a decision record gives. */
export type Exception = {
  readonly file: string;
  /** Absent when it is the file itself that is too long. */
  readonly function?: string;
  readonly decision: string;
};

/** Files and functions over their limits, less the named exceptions. */
export function tooLong(tree: Tree, exceptions: readonly Exception[]): string[] {
  return findLong(tree)
    .filter((long) => !exceptions.some((one) => one.file === long.file && one.function === long.function))
    .map((long) => `${long.what} has ${long.lines} lines; the limit is ${long.limit}.`);
}

/** The list of exceptions may only shrink: each must still be needed and must have been decided. */
export function idleExceptions(tree: Tree, exceptions: readonly Exception[]): string[] {
  const long = findLong(tree);
  return exceptions.flatMap((one) => {
    const name = one.function === undefined ? one.file : `${one.function} in ${one.file}`;
    if (!long.some((found) => found.file === one.file && found.function === one.function)) {
      return [`${name} is short enough; take it off the list of exceptions.`];
    }
    const decided = /^docs\/decisions\/\d{4}-/.test(one.decision) && tree.has(one.decision);
    return decided ? [] : [`${name} is an exception without a decision record.`];
  });
}

/** The middle of the product's files stays small. */
export function medianTooLong(tree: Tree): string[] {
  const lengths = [...tree].filter(([path]) => isProduct(path)).map(([, text]) => linesOf(text));
  const sorted = lengths.sort((left, right) => left - right);
  const median = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
  return median <= limits.median
    ? []
    : [`The median file of src has ${median} lines; the limit is ${limits.median}.`];
}

type Long = {
  readonly file: string;
  readonly function?: string;
  readonly what: string;
  readonly lines: number;
  readonly limit: number;
};

function findLong(tree: Tree): Long[] {
  const long: Long[] = [];
  for (const [path, text] of tree) {
    if (!/\.tsx?$/.test(path)) continue;
    const lines = linesOf(text);
    if (lines > limits.file) long.push({ file: path, what: path, lines, limit: limits.file });
    // The body of a `describe` is a list of tests, not a function that anybody has to understand whole.
    if (isTest(path)) continue;
    for (const one of functionsOf(text)) {
      if (one.lines <= limits.function) continue;
      const what = `${one.name} at ${path}:${one.line}`;
      long.push({ file: path, function: one.name, what, lines: one.lines, limit: limits.function });
    }
  }
  return long;
}
