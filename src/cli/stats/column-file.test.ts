import { expect, test } from 'vitest';
import { catalog } from '../../stats/catalog.ts';
import { columnsIn, readColumns } from './column-file.ts';
import { fieldsOf } from './field-flags.ts';

function read(name: string, text: string): Readonly<Record<string, unknown>> {
  const calculation = catalog.find((one) => one.name === name);
  if (calculation === undefined) throw new Error(`there is no ${name}`);
  return columnsIn(text, { path: 'scores.csv', fields: fieldsOf(calculation.input) });
}

test('Columns are called as fields are, or by the singular; others are left out', () => {
  const text = '\uFEFFid,baseline,candidate,cluster,weights\na,1,0.5,7,2\n\nb,0,-1e-3,"x, y",1\n';
  expect(read('paired-scores', text)).toEqual({
    baseline: [1, 0],
    candidate: [0.5, -0.001],
    clusters: ['7', 'x, y'],
    weights: [2, 1],
  });
});

test('The fields of records have a column each', () => {
  expect(read('reliability', 'trials,passes\n3,2\n5,5\n')).toEqual({
    items: [
      { trials: 3, passes: 2 },
      { trials: 5, passes: 5 },
    ],
  });
});

test.each([
  ['mean', 'value\n1\nhigh\n', 'scores.csv, row 3: value must be a number, and is "high"'],
  ['mean', 'value,cluster\n,a\n', 'row 2: value must be a number, and is ""'],
  ['mean', 'score\n1\n', 'none of the columns of this calculation; it takes values, clusters, weights'],
  ['reliability', 'trials\n1\n', 'it takes items, k'],
  ['proportion', 'successes\n1\n', 'this calculation takes none'],
  ['mean', '', 'none of the columns'],
])('%s is not calculated from %j', (name, text, complaint) => {
  expect(() => read(name, text)).toThrow(complaint);
});

test('A file that cannot be read is named, and a broken one is, too', () => {
  expect(() => readColumns('nowhere.csv', {})).toThrow(/^nowhere\.csv cannot be read: ENOENT/);
});
