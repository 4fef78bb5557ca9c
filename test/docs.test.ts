import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { routes } from './dashboard/pages.ts';
import { readTree } from './tidy/tree.ts';

/*
 * The goal: the pages under docs/ say what is so. The method: read pages and code side by side, and let neither
 * have what the other lacks.
 */

const root = join(import.meta.dirname, '..');
const tree = readTree(root);
const records = [...tree].filter(([path]) => /^docs\/decisions\/\d{4}-.*\.md$/.test(path));

test.each(records)('%s has the headings of a decision record, in order', (_path, text) => {
  const headings = text.match(/^## .+$/gm);
  expect(headings).toEqual(
    ['Context', 'Decision', 'Alternatives', 'Consequences', 'Status'].map((name) => `## ${name}`),
  );
});

test.each(records)('%s has a status with a date', (_path, text) => {
  expect(text).toMatch(
    /^## Status\n\n(Proposed|Accepted|Superseded by \[\d{4}[^\]]*\]\(\S+\)), \d{4}-\d{2}-\d{2}\.\n$/m,
  );
});

test('The index of decisions lists each record under its title', () => {
  const index = tree.get('docs/decisions/README.md') ?? '';
  const listed = [...index.matchAll(/^\| \[(.+?)\]\((\S+)\)/gm)].map((match) => `${match[2]}: ${match[1]}`);
  const titles = records.map(([path, text]) => {
    const title = /^# (.+)$/m.exec(text)?.[1];
    return `${path.replace('docs/decisions/', '')}: ${title}`;
  });
  expect(listed).toEqual(titles.sort());
});

test('Decision records are numbered without repeats', () => {
  const numbers = records.map(([path]) => /\d{4}/.exec(path)?.[0]);
  expect(new Set(numbers).size).toBe(numbers.length);
});

test('The reference of the dashboard has every page by its address, and no other', () => {
  const page = tree.get('docs/reference/dashboard.md') ?? '';
  const rows = [...page.matchAll(/^\| `(\/\S*)` \|/gm)].map(([, address]) => address);
  expect(rows.toSorted()).toEqual(routes());
});

test('Pictures are there, light and dark', () => {
  const pages = [...tree].filter(([path]) => path.endsWith('.md'));
  const named = pages.flatMap(([path, text]) =>
    [...text.matchAll(/(?:srcset|src)="([^":]+)"/g)].map(([, file = '']) => join(dirname(path), file)),
  );
  expect(named.filter((file) => file.endsWith('-dark.png')).length).toBeGreaterThan(0);
  expect(named.filter((file) => !existsSync(join(root, file)))).toEqual([]);
});
