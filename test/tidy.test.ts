import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { brokenLinks, untitledPages } from './tidy/markdown.ts';
import { deadFiles, importCycles, runtimeDependencies, unresolvedImports } from './tidy/modules.ts';
import { databaseOutsideStore, environmentReaders, impureCore } from './tidy/purity.ts';
import { dashboardBeyondHttp, wrongDirections } from './tidy/rooms.ts';
import { type Exception, idleExceptions, medianTooLong, tooLong } from './tidy/size.ts';
import { readTree } from './tidy/tree.ts';
import { barrels, drawers, machineTraces, unfinishedWork } from './tidy/words.ts';

/*
 * The goal: what CONTRIBUTING.md says about the shape of the code stays true without anybody watching. The
 * method: each check reads the whole tree and returns one sentence per problem, so a clean tree gives an
 * empty list. That each check is able to fail is shown beside it, in test/tidy/*.test.ts.
 */

const root = join(import.meta.dirname, '..');
const tree = readTree(root);
const exceptions = JSON.parse(readFileSync(join(root, 'test/tidy/exceptions.json'), 'utf8')) as Exception[];

describe('Rooms', () => {
  test('import only from the rooms to their left', () => {
    expect(wrongDirections(tree)).toEqual([]);
  });

  test('are known to the dashboard by their answers alone', () => {
    expect(dashboardBeyondHttp(tree)).toEqual([]);
  });

  test('stand in no circle', () => {
    expect(importCycles(tree)).toEqual([]);
  });

  test('leave core free of input, output, clock and chance', () => {
    expect(impureCore(tree)).toEqual([]);
  });

  test('leave the database to store', () => {
    expect(databaseOutsideStore(tree)).toEqual([]);
  });

  test('leave the environment to config.ts', () => {
    expect(environmentReaders(tree)).toEqual([]);
  });
});

describe('Files', () => {
  test('import only what is tracked or declared', () => {
    expect(unresolvedImports(tree)).toEqual([]);
  });

  test('are all used', () => {
    expect(deadFiles(tree)).toEqual([]);
  });

  test('are named after what is inside', () => {
    expect(drawers(tree)).toEqual([]);
  });

  test('hold something of their own', () => {
    expect(barrels(tree)).toEqual([]);
  });

  test('and functions keep to their lengths, named exceptions aside', () => {
    expect(tooLong(tree, exceptions)).toEqual([]);
  });

  test('that are exceptions still need to be', () => {
    expect(idleExceptions(tree, exceptions)).toEqual([]);
  });

  test('of the product are short on the whole', () => {
    expect(medianTooLong(tree)).toEqual([]);
  });

  test('leave nothing unfinished and no test out', () => {
    expect(unfinishedWork(tree)).toEqual([]);
  });

  test('tell nothing of the machine that they were written on', () => {
    expect(machineTraces(tree)).toEqual([]);
  });
});

describe('Pages', () => {
  test('have one title each', () => {
    expect(untitledPages(tree)).toEqual([]);
  });

  test('link to what is there', () => {
    expect(brokenLinks(tree)).toEqual([]);
  });
});

test('A user installs twenty-one packages by name with this one', () => {
  // Each of them is code that somebody else may change under our users: raising the number needs a decision
  // record in docs/decisions that says what was measured and what else was tried.
  expect(runtimeDependencies(tree)).toHaveLength(21);
});

test('The database driver is installed with npm alone', () => {
  // It ships prebuilt, but npm sees its binding.gyp and would call for a compiler: where the lock lacks this line,
  // or the script is allowed. `npm install` may drop the line; put it back.
  const lock = JSON.parse(tree.get('package-lock.json') ?? '{}');
  expect(lock.packages['node_modules/better-sqlite3']).toMatchObject({ gypfile: false });
  const { allowScripts } = JSON.parse(tree.get('package.json') ?? '{}');
  expect(allowScripts).toMatchObject({ 'better-sqlite3': false });
});
