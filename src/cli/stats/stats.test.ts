import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommanderError } from 'commander';
import { afterEach, expect, test, vi } from 'vitest';
import { pawlHere as pawl } from '../../../test/pawl-here.ts';
import { freshFolder } from '../../../test/pawl-process.ts';
import { catalog } from '../../stats/catalog.ts';
import { createProgram } from '../program.ts';

afterEach(() => vi.restoreAllMocks());

/** Runs `pawl stats` in this process; gives what it printed on standard output. */
async function stats(...args: string[]): Promise<string> {
  let printed = '';
  const write = (text: unknown): boolean => {
    printed += String(text);
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(write);
  try {
    await createProgram().parseAsync(['stats', ...args], { from: 'user' });
  } catch (error) {
    // Help ends like this as well.
    if (!(error instanceof CommanderError && error.exitCode === 0)) throw error;
  }
  return printed;
}

test('Without a name, every calculation is listed', async () => {
  const { code, stdout } = await pawl(['stats']);
  expect(code).toBe(0);
  for (const { name, title } of catalog) {
    expect(stdout).toMatch(new RegExp(`^${name} +${title.slice(0, 20)}`, 'm'));
  }
});

test.each(catalog.map(({ name }) => name))('%s explains itself with an example that works', async (name) => {
  const help = await stats(name, '--help');
  const example = /^ {2}\$ pawl stats (.*)$/m.exec(help)?.[1] ?? '';
  const words = [...example.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
  expect(words[0]).toBe(name);
  expect((await stats(...words)).split('\n').length).toBeGreaterThan(2);
});

test('Flags, JSON and a file come to the same result', async () => {
  const folder = freshFolder();
  const file = join(folder, 'scores.csv');
  writeFileSync(file, 'baseline,candidate\n1,0\n1,1\n0,1\n1,0.5\n');
  const lists = { baseline: [1, 1, 0, 1], candidate: [0, 1, 1, 0.5] };
  const flags = ['--baseline', '1,1,0,1', '--candidate', '0,1,1,0.5'];
  const results = [
    await stats('paired-scores', ...flags, '--level', '0.9', '-o', 'json'),
    await stats('paired-scores', '--json', JSON.stringify({ ...lists, level: 0.9 }), '-o', 'json'),
    await stats('paired-scores', '--file', file, '--level', '0.9', '-o', 'json'),
    await stats('paired-scores', '--json', '{"level":0.5}', '--file', file, '--level', '0.9', '-o', 'json'),
  ];
  const values = results.map((text): unknown => JSON.parse(text));
  expect(values[0]).toMatchObject({ damage: { mean: 0.125, items: 4 } });
  for (const value of values.slice(1)) expect(value).toEqual(values[0]);
});

test('A table has a line for each figure, and says where there is no answer', async () => {
  const empty = await stats('proportion', '--successes', '0', '--trials', '0');
  expect(empty).toMatch(/^rate +no answer$/m);
  const power = await stats('power-paired', '--harm-rate', '0.1', '--benefit-rate', '0.05');
  expect(power).toMatch(/^cases_needed +369$/m);
  expect(power).toMatch(
    /^table:\ncases +exact_one_sided_power +detectable_damage\n30 +0\.053525 +no answer$/m,
  );
});

test('Parts of a field have flags of their own, and an equals sign may join flag and value', async () => {
  const parts = ['--first-successes=7', '--first-trials=34', '--second-successes=1', '--second-trials=34'];
  expect(await stats('two-proportions', ...parts)).toMatch(/^newcombe\.difference +0\.17647$/m);
});

test.each([
  [['nothing'], 'There is no calculation nothing; there are paired-table, '],
  [['mean', '--values', '1,2', '--level', '2'], 'level: '],
  [['mean', '--json', '[1]'], '--json: must be an object'],
  [['mean', '--json', '{'], '--json: must be JSON'],
])('%j is a mistake', async (args, complaint) => {
  await expect(stats(...args)).rejects.toThrow(complaint);
});

test.each([
  [['mean', '--values', '1,x'], '"x" is not a number.'],
  [['mean', '--nope'], "unknown option '--nope'"],
  [['mean', '1'], 'too many arguments'],
  [['paired-table', '--file', 'x.csv'], "unknown option '--file'"],
])('%j is a mistake that ends with 3 and a hint', async (args, complaint) => {
  const { code, stdout, stderr } = await pawl(['stats', ...args]);
  expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
  expect(stderr).toContain(complaint);
  expect(stderr).toContain(`\`pawl stats ${args[0]} --help\` shows what there is.`);
});
