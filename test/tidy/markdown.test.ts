import { expect, test } from 'vitest';
import { brokenLinks, untitledPages } from './markdown.ts';
import { treeOf } from './tree.ts';

test('a page without a title and a page with two are named', () => {
  const tree = treeOf({
    'a.md': 'text',
    'b.md': '# One\n\n# Two\n',
    'c.md': '# One\n\n```sh\n# a comment\n```\n',
  });
  expect(untitledPages(tree)).toEqual([
    'a.md has 0 titles instead of one.',
    'b.md has 2 titles instead of one.',
  ]);
});

test('links to files, folders, headings and the web resolve', () => {
  const text =
    '[a](b.md) [b](b.md#two-words) [c](../src) [d](https://example.com) [e](#one) `[f](gone.md)`\n\n# One\n';
  const tree = treeOf({ 'docs/a.md': text, 'docs/b.md': '# B\n\n## Two words\n', 'src/core/a.ts': '' });
  expect(brokenLinks(tree)).toEqual([]);
});

test.each(['[a](gone.md)', '[a](b.md#gone)', '[a](#gone)', '[a]: gone.md'])('%s leads nowhere', (text) => {
  expect(brokenLinks(treeOf({ 'docs/a.md': text, 'docs/b.md': '# B\n' }))).toHaveLength(1);
});
