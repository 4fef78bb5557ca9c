/** The few colours that text for people uses; each function takes text and gives it back, coloured or not. */
export type Paint = {
  readonly [Name in 'bold' | 'dim' | 'green' | 'red' | 'yellow']: (text: string) => string;
};

/**
 * Text from elsewhere on one line and harmless: control characters, line ends, marks that turn the direction of
 * writing, and halves of characters become spaces.
 */
export function plain(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffd\ufffe\uffff]+/gu, ' ')
    .trim();
}

/** The same for a text of several lines, which it keeps with the spaces that they begin with. */
export function plainLines(text: string): string {
  const lines = text.split('\n').map((line) => (/^ */.exec(line)?.[0] ?? '') + plain(line));
  return lines.join('\n');
}

/** Plain text in at most so many characters. */
export function short(text: string, most: number): string {
  const characters = [...plain(text)];
  return characters.length <= most
    ? characters.join('')
    : `${characters
        .slice(0, most - 1)
        .join('')
        .trimEnd()}…`;
}
