import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { noContext, scoredWith, scorerOf } from '../../../test/scored.ts';
import { scorerConfigs, scorers } from './scorers.ts';
import { identity } from './settings.ts';

/*
 * The goal: the page about scorers says what is so. The method: the rows that the schemas call for are put together
 * here and must be the rows of the page, and every example of the page is read as a server would read it.
 */

const page = readFileSync(join(import.meta.dirname, '../../../docs/reference/scorers.md'), 'utf8');
const sections = new Map(
  page
    .split(/^## /m)
    .slice(1)
    .map((text) => [text.slice(0, text.indexOf('\n')), text]),
);
const types = Object.keys(scorers) as (keyof typeof scorers)[];

type Setting = { readonly description?: string; readonly default?: unknown };

/** The rows of settings that a schema has, less those that all scorers have. */
function rowsOf(schema: z.ZodType, without: readonly string[]): string[] {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: 'input' });
  return Object.entries(properties as Record<string, Setting>)
    .filter(([name]) => !without.includes(name))
    .map(([name, setting]) => {
      const optional = 'default' in setting ? `\`${JSON.stringify(setting.default)}\`` : '';
      const usual = required.includes(name) ? 'must be set' : optional;
      return `| \`${name}\` | ${usual} | ${setting.description ?? 'has no description'} |`;
    });
}

function rowsUnder(heading: string): string[] {
  const rows =
    sections
      .get(heading)
      ?.split('\n')
      .filter((line) => line.startsWith('|')) ?? [];
  return rows.slice(2);
}

/** The scorers of every example in a part of the page. */
function examplesIn(part: string): unknown[] {
  return [...part.matchAll(/^```yaml\n(.*?)^```$/gms)].map(
    ([, text = '']) => (parse(text) as { scorers: unknown }).scorers,
  );
}

test('The page has a section for every scorer, in order, and for no other', () => {
  expect([...sections.keys()]).toEqual(['What they have in common', ...types]);
});

test('The page has the settings that all scorers have, and examples of them', () => {
  const common = rowsOf(z.strictObject(identity('exact')), []).map((row) =>
    row.replace('has no description', 'Which scorer it is: one of the headings below.'),
  );
  expect(rowsUnder('What they have in common')).toEqual(
    common.map((row) => row.replace('`"exact"`', 'its type')),
  );
  expect(scorerConfigs.parse(examplesIn(page)[0])).toHaveLength(2);
});

test('The module on the page scores as the page says', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pawl-page-'));
  const [, source = ''] = /^```js\n(.*?)^```$/ms.exec(page) ?? [];
  await writeFile(join(folder, 'near-date.js'), source);
  const [settings] = examplesIn(sections.get('module') ?? '') as [[unknown]];
  const scorer = await scorerOf(settings[0], { ...noContext, modules_folder: folder });
  const ask = (reply: string) =>
    scorer.score(scoredWith({ reply, target: '2026-01-31' }), AbortSignal.timeout(20_000));
  try {
    expect(await ask('2026-02-01')).toEqual({ value: 1, reason: null });
    expect(await ask('2026-02-03')).toEqual({ value: 0, reason: '2026-02-03 is too far from 2026-01-31' });
  } finally {
    await scorer.close?.();
    await rm(folder, { recursive: true });
  }
});

describe.each(types)('The section of %s', (type) => {
  test('has every setting with its default and its meaning, and no other', () => {
    expect(rowsUnder(type)).toEqual(rowsOf(scorers[type].schema, ['type', 'name']));
  });

  test('has an example that a server takes', () => {
    const examples = examplesIn(sections.get(type) ?? '');
    expect(examples).toHaveLength(1);
    const used = examples.flatMap((example) => scorerConfigs.parse(example)).map((config) => config.type);
    expect(used).toContain(type);
  });
});
