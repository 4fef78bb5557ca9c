import { styleText } from 'node:util';
import type { Paint } from '../../core/plain-text.ts';

/** No colours at all. */
export const plainPaint: Paint = { bold: same, dim: same, green: same, red: same, yellow: same };

/** The colours of a terminal. */
export const terminalPaint: Paint = {
  bold: styled('bold'),
  dim: styled('dim'),
  green: styled('green'),
  red: styled('red'),
  yellow: styled('yellow'),
};

/** A cell of a table: its text, and what colours it once its width is known. */
export type Cell = { readonly text: string; readonly paint?: (text: string) => string };

/** Lines up rows of cells, two spaces apart; columns of which every cell below the first is a number go right. */
export function aligned(rows: readonly (readonly Cell[])[]): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const layout = Array.from({ length: columns }, (_, i) => {
    const texts = rows.map((row) => row[i]?.text ?? '');
    const width = Math.max(...texts.map((text) => text.length));
    const numeric = texts.slice(1).every((text) => /^[-\d.,/ %]*$/.test(text));
    return { width, numeric: numeric && texts.length > 1 };
  });
  return rows.map((row) =>
    row
      .map(({ text, paint = same }, i) => {
        const { width = 0, numeric = false } = layout[i] ?? {};
        const gap = ' '.repeat(width - text.length);
        return numeric ? `${gap}${paint(text)}` : `${paint(text)}${gap}`;
      })
      .join('  ')
      .trimEnd(),
  );
}

function styled(style: keyof Paint): (text: string) => string {
  // Whether there is a terminal is for the caller to know.
  return (text) => styleText(style, text, { validateStream: false });
}

function same(text: string): string {
  return text;
}
