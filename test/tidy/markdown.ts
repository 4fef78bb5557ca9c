import { posix } from 'node:path';
import type { Tree } from './tree.ts';

/** Every page has one title. */
export function untitledPages(tree: Tree): string[] {
  return pages(tree).flatMap(([path, text]) => {
    const titles = withoutCode(text).match(/^# .|<h1\b/gm)?.length ?? 0;
    return titles === 1 ? [] : [`${path} has ${titles} titles instead of one.`];
  });
}

/** Every relative link leads to a tracked file or folder, and its anchor to a heading there. */
export function brokenLinks(tree: Tree): string[] {
  return pages(tree).flatMap(([path, text]) =>
    linksOf(text).flatMap((link) => {
      if (/^[a-z][a-z+.-]*:|^\/\//i.test(link)) return [];
      const [file = '', anchor] = link.split('#', 2);
      const target = file === '' ? path : posix.join(posix.dirname(path), decodeURIComponent(file));
      const folder = `${target.replace(/\/$/, '')}/`;
      const page = tree.get(target);
      if (page === undefined && ![...tree.keys()].some((other) => other.startsWith(folder))) {
        return [`${path} links to ${link}, which is not there.`];
      }
      if (anchor === undefined || page === undefined || !target.endsWith('.md')) return [];
      return anchorsOf(page).has(anchor) ? [] : [`${path} links to ${link}, but no heading has that name.`];
    }),
  );
}

/** The headings of a page by their anchors, made the way that Git forges make them. */
function anchorsOf(text: string): Set<string> {
  const headings = withoutCode(text).match(/^#{1,6} .+$/gm) ?? [];
  return new Set(
    headings.map((heading) =>
      heading
        .replace(/^#+ /, '')
        .trim()
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replace(/\s/g, '-'),
    ),
  );
}

function linksOf(text: string): string[] {
  const prose = withoutCode(text).replace(/`[^`\n]*`/g, '');
  const inline = [...prose.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)];
  const defined = [...prose.matchAll(/^\[[^\]]+\]:\s+<?([^\s>]+)>?/gm)];
  return [...inline, ...defined].map((match) => match[1] ?? '');
}

function withoutCode(text: string): string {
  return text.replace(/^(\s*)(```|~~~)[\s\S]*?^\s*\2\s*$/gm, '');
}

function pages(tree: Tree): [string, string][] {
  return [...tree].filter(([path]) => path.endsWith('.md'));
}
