/** One line of a diff: in both texts, only in the older, or only in the newer. */
export type DiffLine = { readonly sign: ' ' | '-' | '+'; readonly text: string };

/** Texts are compared line by line up to this many pairs of lines; what is larger is replaced as a whole. */
const mostPairs = 4_000_000;
const contextLines = 3;

/** The lines of two texts in order, with as many in common as there can be. */
export function diffLines(texts: { readonly before: string; readonly after: string }): DiffLine[] {
  const before = texts.before.split('\n');
  const after = texts.after.split('\n');
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  const most = Math.min(before.length, after.length) - start;
  while (end < most && before.at(-1 - end) === after.at(-1 - end)) end++;
  const same = (text: string): DiffLine => ({ sign: ' ', text });
  return [
    ...before.slice(0, start).map(same),
    ...diffMiddle(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...before.slice(before.length - end).map(same),
  ];
}

/** The changes with three lines around them, as `diff -u` prints them; no lines when the texts are equal. */
export function unifiedHunks(lines: readonly DiffLine[]): string[] {
  const changes = lines.flatMap(({ sign }, i) => (sign === ' ' ? [] : [i]));
  const printed: string[] = [];
  let hunk: DiffLine[] = [];
  const at = { before: 1, after: 1 };
  const flush = (): void => {
    if (hunk.length > 0) printed.push(...withHead(hunk, at));
    hunk = [];
  };
  let next = 0;
  for (const [i, line] of lines.entries()) {
    while ((changes[next] ?? Infinity) < i - contextLines) next++;
    const isNear = Math.abs((changes[next] ?? Infinity) - i) <= contextLines;
    if (!isNear) flush();
    else hunk.push(line);
    if (line.sign !== '+') at.before++;
    if (line.sign !== '-') at.after++;
  }
  flush();
  return printed;
}

/** `at` is the line of each text that comes after the hunk. */
function withHead(
  hunk: readonly DiffLine[],
  at: { readonly before: number; readonly after: number },
): string[] {
  const range = (next: number, other: '-' | '+'): string => {
    const count = hunk.filter(({ sign }) => sign !== other).length;
    return `${count === 0 ? next - 1 : next - count},${count}`;
  };
  const head = `@@ -${range(at.before, '+')} +${range(at.after, '-')} @@`;
  return [head, ...hunk.map(({ sign, text }) => `${sign}${text}`)];
}

/** By the longest common subsequence: `common` holds its length for what is left of both texts from each pair on. */
function diffMiddle(before: readonly string[], after: readonly string[]): DiffLine[] {
  const removed = (text: string): DiffLine => ({ sign: '-', text });
  const added = (text: string): DiffLine => ({ sign: '+', text });
  if (before.length * after.length > mostPairs) return [...before.map(removed), ...after.map(added)];
  const width = after.length + 1;
  const common = new Uint32Array((before.length + 1) * width);
  const left = (i: number, j: number): number => common[i * width + j] ?? 0;
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      const equal = before[i] === after[j];
      common[i * width + j] = equal ? left(i + 1, j + 1) + 1 : Math.max(left(i + 1, j), left(i, j + 1));
    }
  }
  const lines: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length && j < after.length) {
    const text = before[i] ?? '';
    if (text === after[j]) {
      lines.push({ sign: ' ', text });
      i++;
      j++;
    } else if (left(i + 1, j) >= left(i, j + 1)) lines.push(removed(before[i++] ?? ''));
    else lines.push(added(after[j++] ?? ''));
  }
  return [...lines, ...before.slice(i).map(removed), ...after.slice(j).map(added)];
}
