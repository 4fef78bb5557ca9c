import { pipeline, type Readable, Transform } from 'node:stream';

/** Tells on standard error how much has been done of something long. */
type Amount = {
  add(count: number): void;
  /** Ends the line. */
  finish(): void;
};

const betweenMs = 200;
const betweenLinesMs = 5000;

/** Shows bytes that pass by; of so many, where that is known. */
export function showBytes(
  label: string,
  total: number | null,
): Amount & { counting(bytes: Readable): Readable } {
  const amount = showAmount(label, (done) =>
    total === null ? `${(done / 1e6).toFixed(1)} MB` : `${Math.floor((100 * done) / Math.max(1, total))} %`,
  );
  return {
    ...amount,
    counting(bytes) {
      const passing = new Transform({
        transform(chunk: Uint8Array, _encoding, done) {
          amount.add(chunk.length);
          done(null, chunk);
        },
      });
      return pipeline(bytes, passing, () => {});
    },
  };
}

/** Shows rows that pass by. */
export function showRows(label: string): Amount {
  return showAmount(label, (done) => `${done} rows`);
}

/** On a terminal one line that changes; elsewhere a line every now and then. */
function showAmount(label: string, words: (done: number) => string): Amount {
  const screen = process.stderr;
  let done = 0;
  let shownAt = performance.now();
  const show = (): void => {
    const text = `${label}: ${words(done)}`;
    screen.write(screen.isTTY === true ? `\r\u001b[2K${text}` : `${text}\n`);
    shownAt = performance.now();
  };
  return {
    add(count) {
      done += count;
      if (performance.now() - shownAt > (screen.isTTY === true ? betweenMs : betweenLinesMs)) show();
    },
    finish() {
      if (screen.isTTY === true) screen.write('\r\u001b[2K');
    },
  };
}
