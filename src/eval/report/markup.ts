import { plain } from '../../core/plain-text.ts';

/** Text from elsewhere as itself in HTML or XML, in an attribute or between tags. */
export function markup(text: string): string {
  return unmarked(plain(text));
}

/** The same for a text of several lines, which it keeps. */
export function markupLines(text: string): string {
  return text
    .split(/\r\n|\r|\n/)
    .map((line) => unmarked(plain(line)))
    .join('\n');
}

function unmarked(text: string): string {
  return text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/'/g, '&#39;');
}
