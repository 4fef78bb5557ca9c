import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readPins, readPinsText, replacePinsText } from './pins-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pawl-pins-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const text = 'pins:\n  a: {agent: agent_1, version: 1}\n';

describe('Replacing a pins file', () => {
  test('leaves one file with the new text, and its mode', () => {
    const file = join(folder, 'p.yaml');
    replacePinsText(file, 'old');
    chmodSync(file, 0o664);
    replacePinsText(file, text);
    expect(readPinsText(file)).toBe(text);
    expect(readdirSync(folder)).toEqual(['p.yaml']);
    expect(statSync(file).mode & 0o777).toBe(0o664);
  });

  test('says so when it cannot, and leaves nothing behind', () => {
    const file = join(folder, 'none', 'p.yaml');
    expect(() => replacePinsText(file, text)).toThrow(`${file}: cannot be written: ENOENT`);
    writeFileSync(join(folder, 'f'), '');
    expect(() => replacePinsText(join(folder, 'f', 'p.yaml'), text)).toThrow('cannot be written: ENOTDIR');
    expect(() => replacePinsText(folder, text)).toThrow('cannot be written');
    expect(readdirSync(folder)).toEqual(['f']);
  });
});

test('A file that is not there, or is none, is said', () => {
  expect(() => readPins(join(folder, 'p.yaml'))).toThrow('there is no such file; `pawl pin set` makes it');
  expect(() => readPins(folder)).toThrow(`${folder}: cannot be read: EISDIR`);
});
