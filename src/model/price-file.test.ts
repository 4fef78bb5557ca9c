import fs, { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { openPriceFile } from './price-file.ts';

const start = 1_800_000_000_000;
const priced = (input: number): string => `a: { input: ${input}, output: 2 }\n`;

let path: string;
let ms: number;
let logged: { level: string; fields: object }[];

beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), 'pawl-prices-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  path = join(folder, 'prices.yaml');
  ms = start;
  logged = [];
});

/** Writes the file as if it had been written at a time. */
function write(text: string, at: number): void {
  writeFileSync(path, text);
  utimesSync(path, at / 1000, at / 1000);
}

const tell = (level: string) => (fields: object) => void logged.push({ level, fields });
const log = { debug: tell('debug'), info: tell('info'), warn: tell('warn'), error: tell('error') };
const open = () => openPriceFile(path, { now: () => ms, log });
const levels = () => logged.map(({ level }) => level);

describe('A file of prices', () => {
  test('that is missing or broken at the start is an error with its path', () => {
    expect(open).toThrow(`The prices in ${path} cannot be used: there is no such file.`);
    write('a: 1', start);
    expect(open).toThrow(`The prices in ${path} cannot be used: a: `);
    write('#'.repeat(1024 * 1024 + 1), start);
    expect(open).toThrow('it is larger than 1048576 bytes');
  });

  test('is read again when it has changed, and not looked at more than every two seconds', () => {
    write(priced(1), start - 60_000);
    const rows = open();
    expect(rows()).toMatchObject([{ input: 1 }]);
    write(priced(5), start - 30_000);
    ms += 1999;
    expect(rows()).toMatchObject([{ input: 1 }]);
    ms += 1;
    expect(rows()).toMatchObject([{ input: 5 }]);
    expect(logged).toEqual([{ level: 'info', fields: { file: path, prices: 1 } }]);
    ms += 60_000;
    expect(rows()).toMatchObject([{ input: 5 }]);
    expect(logged).toHaveLength(1);
  });

  test('is left alone while somebody may still be writing', () => {
    write(priced(1), start - 60_000);
    const rows = open();
    ms += 2000;
    write(priced(5), ms - 100);
    expect(rows()).toMatchObject([{ input: 1 }]);
    ms += 2000;
    expect(rows()).toMatchObject([{ input: 5 }]);
  });

  test('that is broken later keeps the prices from before and says once what is wrong', () => {
    write(priced(1), start - 60_000);
    const rows = open();
    write('a: { input: cheap, output: 2 }', start - 30_000);
    for (let round = 0; round < 3; round++) {
      ms += 2000;
      expect(rows()).toMatchObject([{ input: 1 }]);
    }
    expect(levels()).toEqual(['error']);
    expect(logged[0]?.fields).toMatchObject({
      problem: expect.stringContaining('a.input: must be a number'),
    });
    rmSync(path);
    for (let round = 0; round < 3; round++) {
      ms += 2000;
      expect(rows()).toMatchObject([{ input: 1 }]);
    }
    expect(levels()).toEqual(['error', 'error']);
    write(priced(7), ms - 10_000);
    ms += 2000;
    expect(rows()).toMatchObject([{ input: 7 }]);
    expect(levels()).toEqual(['error', 'error', 'info']);
  });

  test('that could not be read for a moment is read at the next look', () => {
    write(priced(1), start - 60_000);
    const rows = open();
    write(priced(5), start - 30_000);
    const spy = vi.spyOn(fs, 'readFileSync').mockImplementationOnce(() => {
      throw new Error('EMFILE: too many open files');
    });
    syncBuiltinESMExports();
    onTestFinished(() => {
      spy.mockRestore();
      syncBuiltinESMExports();
    });
    ms += 2000;
    expect(rows()).toMatchObject([{ input: 1 }]);
    ms += 2000;
    expect(rows()).toMatchObject([{ input: 5 }]);
    expect(levels()).toEqual(['error', 'info']);
  });

  test('is read again also when the clock was set back', () => {
    write(priced(1), start - 60_000);
    const rows = open();
    write(priced(5), start - 50_000);
    ms -= 10_000;
    expect(rows()).toMatchObject([{ input: 5 }]);
  });
});
