import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { freshFolder } from '../../../test/pawl-process.ts';
import { namesFile, parseEvalFile, readEvalFile } from './eval-file.ts';

const minimal = 'name: triage\nagent: agent_1\nscorers: [exact]\n';
const parse = (text: string) => parseEvalFile(text, 'evals/triage.yaml');

test('What looks like a file is one, and everything else is a name', () => {
  for (const file of ['triage.yaml', 'triage.YML', 'evals/triage', './triage', 'triage.json']) {
    expect(namesFile(file)).toBe(true);
  }
  for (const name of ['triage', 'triage.v2', 'eval_123']) expect(namesFile(name)).toBe(false);
});

test('An eval that names a dataset goes to the server as it stands', () => {
  const { definition, dataset } = parse(`${minimal}dataset: tickets\nepochs: 3\n`);
  expect(dataset).toBeNull();
  expect(definition).toEqual({
    name: 'triage',
    agent: 'agent_1',
    scorers: ['exact'],
    dataset: 'tickets',
    epochs: 3,
  });
});

test('A dataset file is looked for beside the eval file, and stands for its name', () => {
  const { definition, dataset, folder } = parse(
    `${minimal}dataset: {file: ../tickets.jsonl, name: tickets, columns: {target: team, group: team}}`,
  );
  expect(definition['dataset']).toBe('tickets');
  expect(folder).toBe(resolve('evals'));
  expect(dataset).toEqual({
    path: resolve('tickets.jsonl'),
    name: 'tickets',
    columns: { target: 'team', group: 'team' },
  });
});

test('A dataset file without a name takes that of the eval', () => {
  expect(parse(`${minimal}dataset: {file: t.csv}`).dataset).toMatchObject({ name: 'triage', columns: {} });
});

test('A dataset that is named with its revision is not a file', () => {
  const { definition, dataset } = parse(`${minimal}dataset: {name: tickets, revision: 0123abcd}`);
  expect(dataset).toBeNull();
  expect(definition['dataset']).toEqual({ name: 'tickets', revision: '0123abcd' });
});

test('The own code among the scorers is found, since an embedded server has to be told of it', () => {
  const scorers = '[exact, {type: http, url: "https://a.test/x"}, {type: module, file: s.ts}]';
  expect(parse(`scorers: ${scorers}`)).toMatchObject({
    has_modules: true,
    scorer_urls: ['https://a.test/x'],
  });
  expect(parse('scorers: exact')).toMatchObject({ has_modules: false, scorer_urls: [] });
});

test.each([
  ['name: [a\nagent: b', /^evals\/triage\.yaml, line 2, column 1: .+/],
  ['name: a\nname: b', /^evals\/triage\.yaml, line 2, column 1: .*unique/],
  ['- a', /^evals\/triage\.yaml: must be a map/],
  ['', /^evals\/triage\.yaml: must be a map/],
  ['a: &a [1]\nb: [*nobody]', /^evals\/triage\.yaml.*nobody/],
  ['name: a\ndataset: {file: 1}', /dataset\.file: must be the path/],
  ['dataset: {file: a.csv}', /dataset\.name: must be text/],
  ['name: a\ndataset: {file: a.csv, revision: b}', /dataset\.revision: unknown/],
  ['name: a\ndataset: {file: a.csv, columns: [a]}', /dataset\.columns: must be a map/],
  ['name: a\ndataset: {file: a.csv, columns: {label: a}}', /dataset\.columns\.label: unknown role; .*target/],
  ['name: a\ndataset: {file: a.csv, columns: {target: 1}}', /dataset\.columns\.target: must be the name/],
  [`name: ${'a'.repeat(1024 * 1024)}`, /larger than 1 MiB/],
])('%j is complained about with its place', (text, complaint) => {
  expect(() => parse(text)).toThrow(complaint);
});

test('Aliases cannot be made to fill the memory', () => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let i = 1; i < 10; i++) {
    lines.push(`a${i}: &a${i} [${Array.from({ length: 10 }, () => `*a${i - 1}`).join(', ')}]`);
  }
  expect(() => parse(lines.join('\n'))).toThrow(/alias/);
});

test('A file is read, and one that is not there is named', () => {
  const path = join(freshFolder(), 'triage.yaml');
  expect(() => readEvalFile(path)).toThrow(`${path} cannot be read: ENOENT`);
  writeFileSync(path, minimal);
  expect(readEvalFile(path).definition).toMatchObject({ name: 'triage' });
});
