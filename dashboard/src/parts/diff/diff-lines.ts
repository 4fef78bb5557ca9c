import { diffLines as compareLines, diffWordsWithSpace } from 'diff';

/** A part of a line; `changed` when the other side has something else in its place. */
export type Part = { readonly text: string; readonly changed: boolean };

/** A line of either side, or of both. Numbers count from 1; null where the side does not have it. */
export type DiffLine = {
  readonly kind: 'same' | 'removed' | 'added';
  readonly before: number | null;
  readonly after: number | null;
  readonly parts: readonly Part[];
};

/**
 * How many lines, and how many words of one line, may differ. The time that a comparison takes grows with the square of
 * it, and whoever writes a prompt must not be able to keep the page of its reader busy. Beyond, all counts as changed.
 */
const mostLines = 1000;
const mostWords = 100;

/** What has to be taken from one text and put into it to get the other, line by line. */
export function diffLines(before: string, after: string): DiffLine[] {
  const lines: DiffLine[] = [];
  let [old, fresh] = [0, 0];
  const compared = compareLines(before, after, { maxEditLength: mostLines });
  const changes = compared ?? replaced(before, after);
  for (const [place, { added, removed, value }] of changes.entries()) {
    const other = removed ? changes[place + 1] : changes[place - 1];
    const isPair = compared !== undefined && ((removed && other?.added) || (added && other?.removed));
    const pair = isPair ? linesOf(other?.value ?? '') : [];
    for (const [n, text] of linesOf(value).entries()) {
      const kind = added ? 'added' : removed ? 'removed' : 'same';
      lines.push({
        kind,
        before: kind === 'added' ? null : ++old,
        after: kind === 'removed' ? null : ++fresh,
        parts: partsOf(text, kind === 'same' ? undefined : pair[n], kind),
      });
    }
  }
  return lines;
}

/** A line beside the one that stands in its place on the other side; null where there is none. */
export type Pair = { readonly left: DiffLine | null; readonly right: DiffLine | null };

/** The same lines for two columns. */
export function sideBySide(lines: readonly DiffLine[]): Pair[] {
  const pairs: Pair[] = [];
  let removed: DiffLine[] = [];
  const flush = (): void => {
    for (const left of removed) pairs.push({ left, right: null });
    removed = [];
  };
  for (const line of lines) {
    if (line.kind === 'removed') removed.push(line);
    else if (line.kind === 'added') pairs.push({ left: removed.shift() ?? null, right: line });
    else {
      flush();
      pairs.push({ left: line, right: line });
    }
  }
  flush();
  return pairs;
}

/** Lines to show, or how many equal ones are left out between them. */
export type Stretch<Line> = { readonly hidden: boolean; readonly lines: readonly Line[] };

const context = 3;

/** Hides what is equal on both sides and not near to a change. */
export function fold<Line>(lines: readonly Line[], isSame: (line: Line) => boolean): Stretch<Line>[] {
  const near = lines.map((_, n) =>
    lines.slice(Math.max(0, n - context), n + context + 1).some((line) => !isSame(line)),
  );
  const stretches: { hidden: boolean; lines: Line[] }[] = [];
  for (const [n, line] of lines.entries()) {
    const hidden = near[n] === false;
    const last = stretches.at(-1);
    if (last?.hidden === hidden) last.lines.push(line);
    else stretches.push({ hidden, lines: [line] });
  }
  // A fold takes a line itself.
  return stretches.map((stretch) => ({ ...stretch, hidden: stretch.hidden && stretch.lines.length > 1 }));
}

/** A text in the place of another, with nothing in common. */
function replaced(before: string, after: string) {
  return [
    { added: false, removed: true, value: before },
    { added: true, removed: false, value: after },
  ];
}

function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function partsOf(text: string, other: string | undefined, kind: DiffLine['kind']): Part[] {
  const whole = [{ text, changed: false }];
  if (other === undefined) return whole;
  const [before, after] = kind === 'removed' ? [text, other] : [other, text];
  const changes = diffWordsWithSpace(before, after, { maxEditLength: mostWords });
  if (changes === undefined) return whole;
  return changes
    .filter((part) => (kind === 'removed' ? !part.added : !part.removed))
    .map((part) => ({ text: part.value, changed: part.added || part.removed }));
}
