import { describe, expect, test } from 'vitest';
import { columnsOf, complaintsOf, formatOf, nameOf } from './case-file.ts';

describe('a file of cases', () => {
  test('is known by the ending of its name, and gives the dataset a name that it may have', () => {
    expect(['a.JSONL', 'b.ndjson', 'c.csv', 'd.xlsx'].map(formatOf)).toEqual(['jsonl', 'jsonl', 'csv', null]);
    expect(nameOf('Tickets (June 2026).csv')).toBe('Tickets-June-2026-');
    expect(nameOf('...')).toBe('');
  });

  test('says its columns in its first line', () => {
    expect(columnsOf('\n{"input": "a", "team": null}\n{', 'jsonl')).toEqual(['input', 'team']);
    expect(columnsOf('["a"]', 'jsonl')).toEqual([]);
    expect(columnsOf('\uFEFFid,"a ""b"", c",team\r\n1,2,3', 'csv')).toEqual(['id', 'a "b", c', 'team']);
    expect(columnsOf('nonsense', 'jsonl')).toEqual([]);
  });
});

test('complaints are told apart by their place', () => {
  expect(complaintsOf('line 7: id: must be unique\na dataset must have at least one case')).toEqual([
    { place: 'line 7', text: 'id: must be unique' },
    { place: null, text: 'a dataset must have at least one case' },
  ]);
});
