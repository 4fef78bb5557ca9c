/** Where a block is drawn; a terminal that does not know its size says 0. */
export type BlockScreen = {
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
};

/** Lines at the end of a terminal that are drawn over. */
export type ScreenBlock = {
  /** How many characters a line may have. */
  width(): number;
  /** Shows these lines, which are plain text, instead of those before, as far as there is room. */
  draw(lines: readonly string[]): void;
  /** Takes the lines away. */
  erase(): void;
};

const usualColumns = 80;
const usualRows = 24;
const lineUp = '\u001b[1A';
const clearLine = '\r\u001b[2K';

/** What is drawn on a terminal keeps within it: a line that wraps, or is out of sight, cannot be drawn over. */
export function createScreenBlock(screen: BlockScreen): ScreenBlock {
  let drawn = 0;
  const width = (): number => (screen.columns || usualColumns) - 1;
  const erase = (): void => {
    screen.write(clearLine + (lineUp + clearLine).repeat(drawn));
    drawn = 0;
  };
  return {
    width,
    erase,
    draw(lines) {
      erase();
      const shown = lines.slice(0, Math.max(1, (screen.rows || usualRows) - 1));
      for (const line of shown) screen.write(`${line.slice(0, width())}\n`);
      drawn = shown.length;
    },
  };
}
