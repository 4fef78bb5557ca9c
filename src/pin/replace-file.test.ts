import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { openDraft, replaceText } from './replace-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pawl-replace-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test.each([0o664, 0o600, 0o777])('A file keeps its mode %o, whatever the mask of the process', (mode) => {
  const file = join(folder, 'f');
  writeFileSync(file, 'old');
  chmodSync(file, mode);
  replaceText(file, 'new');
  expect(statSync(file).mode & 0o777).toBe(mode);
  expect(readFileSync(file, 'utf8')).toBe('new');
});

test('Nobody sees a draft until it is whole, and then all of it at once', () => {
  const file = join(folder, 'f');
  writeFileSync(file, 'old');
  const before = statSync(file).ino;
  const draft = openDraft(file);
  draft.write('one ');
  draft.write(new TextEncoder().encode('and two'));
  expect(readFileSync(file, 'utf8')).toBe('old');
  draft.commit();
  expect(readFileSync(file, 'utf8')).toBe('one and two');
  expect(statSync(file).ino).not.toBe(before);
  expect(readdirSync(folder)).toEqual(['f']);
});

test('A draft that is given up, or cannot be put in place, leaves everything as it was', () => {
  const file = join(folder, 'f');
  const given = openDraft(file);
  given.write('half');
  given.discard();
  expect(readdirSync(folder)).toEqual([]);
  const late = openDraft(file);
  mkdirSync(file);
  expect(() => late.commit()).toThrow('EISDIR');
  late.discard();
  expect(readdirSync(folder)).toEqual(['f']);
});

test('Two drafts of one file do not get into each other’s way', () => {
  const file = join(folder, 'f');
  const [one, other] = [openDraft(file), openDraft(file)];
  one.write('one');
  other.write('other');
  one.commit();
  other.commit();
  expect(readFileSync(file, 'utf8')).toBe('other');
});

test('Links stay links, also where nothing is at their end yet', () => {
  const at = (name: string): string => join(folder, name);
  mkdirSync(at('deep/er'), { recursive: true });
  symlinkSync('deep/er', at('short'));
  writeFileSync(at('real'), 'old');
  symlinkSync('real', at('link'));
  symlinkSync('link', at('second'));
  symlinkSync('../made', at('deep/er/dangling'));
  symlinkSync('short/dangling', at('chain'));
  replaceText(at('second'), 'new');
  replaceText(at('chain'), 'made');
  expect(readFileSync(at('real'), 'utf8')).toBe('new');
  expect(readFileSync(at('deep/made'), 'utf8')).toBe('made');
  for (const name of ['link', 'second', 'chain', 'deep/er/dangling']) {
    expect(lstatSync(at(name)).isSymbolicLink()).toBe(true);
  }
});

test('Only a file can be replaced', async () => {
  const socket = join(folder, 'socket');
  const server = createServer();
  await new Promise<void>((listening) => server.listen(socket, listening));
  onTestFinished(() => void server.close());
  expect(() => replaceText(socket, 'new')).toThrow('is there, and is no file');
  expect(() => replaceText(folder, 'new')).toThrow('is there, and is no file');
  symlinkSync('round', join(folder, 'round'));
  expect(() => replaceText(join(folder, 'round'), 'new')).toThrow('ELOOP');
  expect(() => replaceText(join(folder, 'none', 'f'), 'new')).toThrow('ENOENT');
  expect(readdirSync(folder).toSorted()).toEqual(['round', 'socket']);
});
