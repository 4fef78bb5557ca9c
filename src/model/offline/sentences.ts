const bullets = new Set(['-', '*', '•', '–', '—', '#', '>']);

/** The lines of a prompt without their bullets, numbers and emphasis; empty lines stay. */
export function linesOf(prompt: string): readonly string[] {
  return prompt.split('\n').map((line) => withoutBullet(line).replaceAll('**', '').replaceAll('`', ''));
}

/** Whether a line is an item of a list: "- x", "* x", "1. x", "a) x". */
export function isBullet(line: string): boolean {
  return withoutBullet(line) !== line.trim();
}

/**
 * The sentences of a prompt, wrapped lines joined. A semicolon ends a sentence too, except before words that take
 * something back ("...; unless it is urgent").
 */
export function sentencesOf(prompt: string): readonly string[] {
  return paragraphsOf(prompt).flatMap((paragraph) => splitSentences(paragraph));
}

function withoutBullet(line: string): string {
  const text = line.trim();
  let at = 0;
  while (bullets.has(text[at] ?? '')) at += 1;
  if (at > 0) return text[at] === ' ' ? text.slice(at).trim() : text;
  const digits = /^(?:\d{1,3}|[a-z])[.)] /u.exec(text);
  return digits === null ? text : text.slice(digits[0].length).trim();
}

// A line that is this long and ends in the middle of a sentence was wrapped by an editor.
const wrappedLength = 60;

function paragraphsOf(prompt: string): readonly string[] {
  const paragraphs: string[] = [];
  let open = false;
  const lines = linesOf(prompt);
  for (const [index, raw] of prompt.split('\n').entries()) {
    const line = lines[index] ?? '';
    const goesOn = open && /^[\p{Ll}\p{N}"'(<]/u.test(line) && !isBullet(raw);
    if (goesOn) paragraphs.push(`${paragraphs.pop() ?? ''} ${line}`);
    else if (line !== '') paragraphs.push(line);
    open = line.length >= wrappedLength && !/[.:;!?}]$/u.test(line);
  }
  return paragraphs;
}

const takingBack = ['unless', 'except', 'but ', 'only ', 'otherwise', 'do not', "don't"];

function splitSentences(paragraph: string): readonly string[] {
  const sentences: string[] = [];
  let start = 0;
  for (let at = 0; at < paragraph.length; at += 1) {
    const mark = paragraph[at] ?? '';
    if (!'.!?;'.includes(mark) || !/^\s?$/u.test(paragraph.slice(at + 1, at + 2))) continue;
    if (mark === '.' && isAbbreviation(paragraph.slice(Math.max(0, at - 4), at))) continue;
    const next = paragraph
      .slice(at + 1, at + 12)
      .trimStart()
      .toLowerCase();
    if (mark === ';' && takingBack.some((word) => next.startsWith(word))) continue;
    sentences.push(paragraph.slice(start, at + 1).trim());
    start = at + 1;
  }
  sentences.push(paragraph.slice(start).trim());
  return sentences.filter((sentence) => sentence !== '');
}

function isAbbreviation(before: string): boolean {
  return ['e.g', 'i.e', 'etc', ' vs'].some((word) => before.toLowerCase().endsWith(word));
}
