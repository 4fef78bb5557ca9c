import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type Anthropic from '@anthropic-ai/sdk';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { openPins } from './open-pins.ts';
import { replacePinsText } from './pins-file.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pawl-pins-'));
  file = join(folder, 'pawl.pins.yaml');
});
afterEach(() => rmSync(folder, { recursive: true }));

const pinsAt = (version: number): string => `pins:\n  a: {agent: agent_1, version: ${version}}\n`;

/** Writes into the file itself, as an editor does, so many seconds ago. */
function write(text: string, secondsAgo = 60): void {
  writeFileSync(file, text);
  const at = Date.now() / 1000 - secondsAgo;
  utimesSync(file, at, at);
}

/** Opens the file and keeps what it is told. */
function open(path: string | URL = file) {
  const errors: string[] = [];
  const pins = openPins(path, { onError: ({ message }) => void errors.push(message) });
  return { pins, errors, version: () => pins.get('a').version };
}

describe('Pins', () => {
  test('are what the official SDK takes', () => {
    write(pinsAt(3));
    const agent: Anthropic.Beta.SessionCreateParams['agent'] = open().pins.get('a');
    expect(agent).toEqual({ type: 'agent', id: 'agent_1', version: 3 });
    expect(open(pathToFileURL(file)).version()).toBe(3);
  });

  test('are those of the current folder when no file is named', () => {
    const before = process.cwd();
    onTestFinished(() => process.chdir(before));
    write(pinsAt(3));
    process.chdir(folder);
    const pins = openPins();
    process.chdir(before);
    expect(pins.get('a').version).toBe(3);
  });

  test('are missed by their names', () => {
    write(pinsAt(3));
    expect(() => open().pins.get('b')).toThrow(`${file}: pins.b: there is no such pin; there are a`);
    write('pins: {}\n');
    expect(() => open().pins.get('toString')).toThrow('pins.toString: there is no such pin; there are none');
  });

  test('are refused at once when the file is missing or broken', () => {
    expect(() => openPins(file)).toThrow(`${file}: there is no such file`);
    write('pins: {a: {agent: agent_1}}\n');
    expect(() => openPins(file)).toThrow(`${file}: pins.a.version: must be a whole number from 1`);
  });
});

describe('A file that changes', () => {
  test('is read again when another takes its place', () => {
    write(pinsAt(1));
    const { version, errors } = open();
    expect(version()).toBe(1);
    replacePinsText(file, pinsAt(2));
    expect(version()).toBe(2);
    replacePinsText(file, pinsAt(3));
    expect(version()).toBe(3);
    expect(errors).toEqual([]);
  });

  test('is read again when it is written over', () => {
    write(pinsAt(1), 90);
    const { version } = open();
    write(pinsAt(2), 60);
    expect(version()).toBe(2);
  });

  test('is read again behind links, as mounted config maps change', () => {
    for (const [name, number] of [
      ['one', 1],
      ['two', 2],
    ] as const) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'pawl.pins.yaml'), pinsAt(number));
    }
    symlinkSync('one', join(folder, '..data'));
    symlinkSync(join('..data', 'pawl.pins.yaml'), file);
    const { version } = open();
    expect(version()).toBe(1);
    symlinkSync('two', join(folder, '..next'));
    renameSync(join(folder, '..next'), join(folder, '..data'));
    expect(version()).toBe(2);
  });

  test('is not taken while somebody may still be writing into it', () => {
    write(pinsAt(1));
    const { version, errors } = open();
    write('pins:\n  a: {agent: agent_1, version: 1', 0);
    expect(version()).toBe(1);
    // Half a number is a number as well.
    write('pins:\n  a:\n    agent: agent_1\n    version: 1', 0);
    expect(version()).toBe(1);
    write('pins:\n  a:\n    agent: agent_1\n    version: 12\n', 1);
    expect(version()).toBe(12);
    expect(errors).toEqual([]);
  });

  test('is read anew for as long as a second change might leave its times as they are', () => {
    const at = Date.now() / 1000 - 1;
    writeFileSync(file, pinsAt(1));
    utimesSync(file, at, at);
    const { version } = open();
    expect(version()).toBe(1);
    // The same length and the same time; only on a coarse clock would everything be the same.
    writeFileSync(file, pinsAt(2));
    utimesSync(file, at, at);
    expect(version()).toBe(2);
  });

  test('leaves the last good pins in force when it cannot be taken, and says so once', () => {
    write(pinsAt(1));
    const { version, errors } = open();
    write('pins: {a: {agent: agent_1, version: x}}\n');
    expect([version(), version(), version()]).toEqual([1, 1, 1]);
    expect(errors).toEqual([`${file}: pins.a.version: must be a whole number from 1`]);
    rmSync(file);
    expect([version(), version()]).toEqual([1, 1]);
    expect(errors.slice(1)).toEqual([expect.stringContaining('there is no such file')]);
    write(pinsAt(4));
    expect(version()).toBe(4);
    rmSync(file);
    expect(version()).toBe(4);
    expect(errors).toHaveLength(3);
  });

  test('and cannot be taken is a warning of the process, unless somebody listens', () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    onTestFinished(() => warn.mockRestore());
    write(pinsAt(1));
    const pins = openPins(file);
    rmSync(file);
    expect(pins.get('a').version).toBe(1);
    expect(warn.mock.calls).toEqual([[expect.stringContaining('no such file'), 'PawlPinsWarning']]);
  });
});
