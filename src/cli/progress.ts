/** Shows how far something long has come. */
export type Progress = {
  /** One more is done. */
  advance(): void;
  /** Takes the bar away, or leaves it where lines cannot be taken back. */
  finish(): void;
};

type Screen = { readonly isTTY?: boolean; write(text: string): unknown };

const barWidth = 24;
const plainSteps = 4;

/** Progress on a terminal is a bar that moves; elsewhere it is a line every now and then. */
export function showProgress(label: string, total: number, screen: Screen): Progress {
  let done = 0;
  if (screen.isTTY !== true) {
    return {
      advance() {
        const before = Math.floor((done * plainSteps) / total);
        done++;
        if (Math.floor((done * plainSteps) / total) > before) screen.write(`${label}: ${done}/${total}\n`);
      },
      finish() {},
    };
  }
  const draw = (): void => {
    const filled = Math.round((done / total) * barWidth);
    screen.write(`\r${label} [${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)}] ${done}/${total}`);
  };
  draw();
  return {
    advance() {
      done++;
      draw();
    },
    finish() {
      screen.write(`\r${' '.repeat(label.length + barWidth + 2 * String(total).length + 5)}\r`);
    },
  };
}

/** Progress that nobody is shown. */
export const noProgress: Progress = { advance() {}, finish() {} };
