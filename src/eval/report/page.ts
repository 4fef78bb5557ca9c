import { createHash } from 'node:crypto';
import { markup, markupLines } from './markup.ts';
import { pageStyle } from './page-style.ts';

/**
 * A page that needs nothing else: no script, no picture, no request. Its policy for browsers allows its own style and
 * nothing more, so that nothing in a reply could come to life. Parts that are empty are left out.
 */
export function page(title: string, parts: readonly string[]): string {
  const hash = createHash('sha256').update(pageStyle).digest('base64');
  const policy = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${markup(title)}</title>`,
    `<style>${pageStyle}</style></head><body>`,
    ...parts.filter((part) => part !== ''),
    '</body></html>',
    '',
  ].join('\n');
}

/** A part of a page under a heading; nothing when it would be empty. */
export function section(title: string, body: string): string {
  return body === '' ? '' : `<section><h2>${title}</h2>\n${body}\n</section>`;
}

/** A column of a table; numbers go right. */
export type Column = { readonly name: string; readonly numeric?: boolean };

/** A table; nothing without lines. */
export function table(columns: readonly Column[], lines: readonly (readonly string[])[]): string {
  if (lines.length === 0) return '';
  const kind = (i: number) => (columns[i]?.numeric === true ? ' class="n"' : '');
  const head = columns.map(({ name }, i) => `<th${kind(i)}>${markup(name)}</th>`).join('');
  const body = lines.map(
    (cells) => `<tr>${cells.map((cell, i) => `<td${kind(i)}>${markup(cell)}</td>`).join('')}</tr>`,
  );
  return `<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>\n${body.join('\n')}\n</tbody></table></div>`;
}

/** A text as it was said, under a small title; nothing for null. */
export function quote(title: string, text: string | null): string {
  return text === null ? '' : `<p class="dim">${markup(title)}</p><pre>${markupLines(text)}</pre>`;
}
