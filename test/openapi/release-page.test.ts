import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuditCheckResponse } from '../../src/api/audit.ts';
import { type AliasPolicy, firstPolicy, runningModes } from '../../src/core/release.ts';
import { roleMeanings, roles } from '../../src/core/roles.ts';
import { ask, request } from '../evals/eval-story.ts';
import { startPawl, type TestPawl } from '../pawl.ts';
import { makeSetting, openSession, type Setting } from '../story.ts';
import { cellsUnder } from './reference-table.ts';

/*
 * The goal: the page about releases says what is so. The method: its tables are set against the code and a server,
 * and its script is run on that server's log, as it was written and after somebody has been at it.
 */

const page = readFileSync(join(import.meta.dirname, '../../docs/reference/release.md'), 'utf8');
const firstCells = (text: string): string[] =>
  [...text.matchAll(/^\| `(\w+)`/gm)].map((match) => match[1] ?? '');

let pawl: TestPawl;
let setting: Setting;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pawl-page-'));
  pawl = await startPawl();
  setting = await makeSetting(pawl.client);
});
afterAll(async () => {
  await pawl.server.close();
  rmSync(folder, { recursive: true });
});

describe('The page about releases', () => {
  test('has every role with what it adds, from least to most', () => {
    const rows = roles.map((role) => [role, roleMeanings[role]]);
    expect(cellsUnder('release.md', 'Who may do what')).toEqual(rows);
  });

  test('has everything that can stand in the way of a promotion', async () => {
    type Coded = { readonly properties: { readonly code: { readonly enum: readonly string[] } } };
    type Parts = Record<string, { properties: Record<string, { items: Coded }> }>;
    const document = await ask<{ components: { schemas: Parts } }>(pawl, '/openapi.json');
    const codes =
      document.components.schemas['Promotion']?.properties['blockers']?.items.properties.code.enum;
    const told = cellsUnder('release.md', 'What stands in the way').map(([code]) => code);
    expect(told.toSorted()).toEqual([...(codes ?? [])].toSorted());
  });

  test('has what an alias asks from its first day', () => {
    const first = (name: string, field: string): string =>
      String(firstPolicy(name)[field as keyof AliasPolicy]);
    const rows = Object.keys(firstPolicy('production')).map((field) => [
      field,
      first('production', field),
      first('any', field),
    ]);
    const told = cellsUnder('release.md', 'Policies').map(([field, , ours, other]) => [field, ours, other]);
    expect(told).toEqual(rows);
  });

  test('has every way to deal with sessions that run', () => {
    const told = cellsUnder('release.md', 'Rollback').map(([mode]) => mode?.split(',')[0]);
    expect(told).toEqual([...runningModes]);
  });

  test('has all that stands under `pawl` on agents and sessions', async () => {
    const [, section = ''] = page.split('### What `pawl` says\n');
    const [ofAgents = '', ofSessions = ''] = section.split('And every session:');
    const extras = (thing: object): string[] => Object.keys((thing as { pawl: object }).pawl);
    expect(firstCells(ofAgents)).toEqual(extras(setting.agent));
    const until = ofSessions.split('\n### ')[0] ?? '';
    expect(firstCells(until)).toEqual(extras(await openSession(pawl.client, setting)));
  });
});

describe('The script that checks an export of the audit log', () => {
  const script = () => join(folder, 'check.mjs');
  let lines: string[];
  let head: string;

  beforeAll(async () => {
    const [, code = ''] = /```js\n([\s\S]*?)```/.exec(page) ?? [];
    writeFileSync(script(), code);
    // Names that a reader of JSON could put into another order.
    const metadata = { b: '1', a: '2', 10: 'ten', 9: 'nine', é: '“x”' };
    await pawl.client.beta.environments.create({ name: 'Größe 😀', metadata });
    lines = (await (await request(pawl, '/audit/export')).text()).trimEnd().split('\n');
    const check = await ask<AuditCheckResponse>(pawl, '/audit/verify');
    head = `${check.head.seq}:${check.head.hash}`;
  });

  function run(kept: readonly string[]): { status: number | null; stdout: string; stderr: string } {
    const file = join(folder, 'audit.jsonl');
    writeFileSync(file, `${kept.join('\n')}\n`);
    return spawnSync(process.execPath, [script(), file], { encoding: 'utf8' });
  }

  test('comes to the head that the server tells', () => {
    expect(run(lines)).toMatchObject({ status: 0, stdout: `${head}\n` });
  });

  test.each<[string, (all: string[]) => string[]]>([
    [
      'was changed',
      ([a = '', b = '', ...rest]) => [a, b.replace('"outcome":"done"', '"outcome":"gone"'), ...rest],
    ],
    ['was taken out', ([a = '', , ...rest]) => [a, ...rest]],
    ['is there twice', ([a = '', b = '', ...rest]) => [a, b, b, ...rest]],
    ['stands in another place', ([a = '', b = '', c = '', ...rest]) => [a, c, b, ...rest]],
  ])('says where an entry %s', (_what, change) => {
    const { status, stderr } = run(change([...lines]));
    expect(status).toBe(1);
    expect(stderr).toMatch(/entry [23] is not as it was written/);
  });
});
