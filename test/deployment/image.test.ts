import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sdk } from '../pawl.ts';
import { freshFolder, type Running, startProgram } from '../pawl-process.ts';
import { type FreshDatabase, freshDatabase } from '../postgres.ts';
import { readTree } from '../tidy/tree.ts';
import { isIgnored, parseDockerfile, type Stage } from './dockerfile.ts';
import { projectFile, unknownPaths, unknownVariables, usualPort } from './known.ts';

/*
 * The goal: the image can be built and runs, although no test has an engine for containers. The method: what the
 * Dockerfile says is carried out in a folder: only what it copies, and what .dockerignore lets through, is there; npm
 * builds; the packages are those that npm would install without the development ones; and its commands run as they stand.
 */

const root = join(import.meta.dirname, '../..');
const ignoring = projectFile('.dockerignore');
const stages = parseDockerfile(projectFile('Dockerfile'));
const stage = (name: string): Stage => {
  const found = stages.find((one) => one.name === name);
  if (found === undefined) throw new Error(`The Dockerfile has no stage "${name}"`);
  return found;
};
const last = stage('');
const only = (name: string) => {
  const found = last.instructions.filter((one) => one.name === name);
  if (found.length !== 1 || found[0] === undefined) throw new Error(`${found.length} of ${name}`);
  return found[0];
};
const environment = Object.fromEntries(only('ENV').words.map((word) => word.split('=') as [string, string]));
const context = [...readTree(root).keys()].filter((path) => !isIgnored(ignoring, path));
const isBelow = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);

describe('The Dockerfile', () => {
  const known = 'ARG CMD COPY ENTRYPOINT ENV EXPOSE HEALTHCHECK RUN USER VOLUME WORKDIR'.split(' ');

  test('has only instructions that there are, in three stages on one image with the Node of the project', () => {
    expect(
      stages.flatMap(({ instructions }) => instructions.filter(({ name }) => !known.includes(name))),
    ).toEqual([]);
    expect(new Set(stages.map(({ image }) => image)).size).toBe(1);
    expect(last.image).toMatch(new RegExp(`^node:${projectFile('.nvmrc').trim()}-\\w+-slim$`));
  });

  test('copies what is there and reaches the builder, or what an earlier stage has', () => {
    for (const { instructions } of stages) {
      for (const { flags, words } of instructions.filter(({ name }) => name === 'COPY')) {
        const { from } = flags;
        if (from !== undefined) expect(stages.map(({ name }) => name)).toContain(from);
        else
          for (const source of words.slice(0, -1))
            expect(context.filter((path) => isBelow(path, source))).not.toEqual([]);
      }
    }
  });

  test('is given no more than it copies: no secrets, data, tests or history', () => {
    const copied = stages
      .flatMap(({ instructions }) => instructions)
      .filter(({ name, flags }) => name === 'COPY' && flags['from'] === undefined)
      .flatMap(({ words }) => words.slice(0, -1));
    expect(context.filter((path) => !copied.some((source) => isBelow(path, source)))).toEqual([]);
    const kept = [
      '.env',
      '.git/config',
      '.pawl/pawl.db',
      'node_modules/a/b.js',
      'src/cli/serve.test.ts',
      'test/a.ts',
    ];
    expect(kept.filter((path) => !isIgnored(ignoring, path))).toEqual([]);
  });

  test('runs as somebody other than root, by number, from the last stage on', () => {
    expect(only('USER').text).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    const order = last.instructions.map(({ name }) => name);
    expect(order.slice(order.indexOf('USER'))).not.toContain('RUN');
  });

  test('sets variables that the server reads, and none that is a secret', () => {
    expect(unknownVariables(Object.keys(environment))).toEqual([]);
    expect(Object.keys(environment).filter((name) => /KEY|URL|SECRET|TOKEN/.test(name))).toEqual([]);
    expect(only('EXPOSE').text).toBe(environment['PAWL_PORT']);
    expect(environment['PAWL_PORT']).toBe(String(usualPort));
    expect(only('VOLUME').text).toBe(environment['PAWL_DATA_DIR']);
  });

  test('asks a path that the server answers', async () => {
    const [, path = ''] =
      /127\.0\.0\.1:\$\{process\.env\.PAWL_PORT\}([\w/]+)`/.exec(only('HEALTHCHECK').text) ?? [];
    expect(await unknownPaths([path])).toEqual([]);
  });
});

describe('What the Dockerfile makes', () => {
  let image: string;
  let database: FreshDatabase;

  beforeAll(async () => {
    database = await freshDatabase();
    image = mkdtempSync(join(tmpdir(), 'pawl-image-'));
    build(stage('build'), image);
    installPackages(stage('packages'), image);
    copyToLast(image);
  }, 120_000);
  afterAll(async () => {
    rmSync(image, { recursive: true, force: true });
    await database.drop();
  });

  /** The entry point with these words behind it, or else with those of CMD. */
  function run(words: readonly string[] = only('CMD').words): Running {
    const [program = '', ...before] = only('ENTRYPOINT').words;
    const data = freshFolder();
    return startProgram([join(image, 'usr/local/bin', program), ...before, ...words], {
      env: {
        ...environment,
        // So that a package that is not installed is not found in the project either.
        NODE_OPTIONS: '--preserve-symlinks',
        ...{
          PAWL_PORT: '0',
          PAWL_DATA_DIR: data,
          PAWL_API_KEY: 'a-key-for-the-image',
          DATABASE_URL: database.url,
        },
      },
    });
  }

  test('brings a database up to date, serves from it, and is healthy until it is stopped', async () => {
    expect(await run(['migrate']).finished).toMatchObject({ code: 0, stderr: '' });
    const server = run();
    const [, port = ''] = await server.printed(/listens on http:\/\/[^:]+:(\d+)/);
    const client = sdk(`http://127.0.0.1:${port}`, 'a-key-for-the-image');
    expect(await client.beta.agents.create({ name: 'a', model: 'm' })).toMatchObject({ version: 1 });
    const page = await fetch(`http://127.0.0.1:${port}/agents`);
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('<div id="root">')]);
    const ask = () => startProgram(only('HEALTHCHECK').words, { env: { PAWL_PORT: port } }).finished;
    expect(await ask()).toEqual({ code: 0, stdout: '', stderr: '' });
    server.child.kill('SIGTERM');
    expect((await server.finished).code).toBe(0);
    expect((await ask()).code).toBe(1);
  });
});

/** Runs the commands of a stage in a folder that holds what it copies, beside the packages of the project. */
function build({ instructions }: Stage, image: string): void {
  const folder = join(image, workdir(instructions));
  mkdirSync(folder, { recursive: true });
  copyContext(instructions, image);
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const { text } of instructions.filter(({ name, words }) => name === 'RUN' && words[1] !== 'ci')) {
    const { status, stdout, stderr } = spawnSync('sh', ['-c', text], { cwd: folder, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${text}: ${stdout}${stderr}`);
  }
}

/** What `npm ci --omit=dev` would install, as links to what is installed here. */
function installPackages({ instructions }: Stage, image: string): void {
  expect(instructions.find(({ name }) => name === 'RUN')?.words).toContain('--omit=dev');
  const { packages } = JSON.parse(projectFile('package-lock.json')) as {
    packages: Readonly<Record<string, { readonly dev?: true; readonly optional?: true }>>;
  };
  for (const [path, { dev, optional }] of Object.entries(packages)) {
    // What lies in another package comes with that one; what is for other machines is not here.
    if (dev === true || optional === true || path.split('node_modules/').length !== 2) continue;
    const target = join(image, workdir(instructions), path);
    mkdirSync(dirname(target), { recursive: true });
    symlinkSync(join(root, path), target);
  }
}

function copyToLast(image: string): void {
  copyContext(last.instructions, image);
  for (const { flags, words } of last.instructions.filter(({ name }) => name === 'COPY')) {
    const [from = '', to = ''] = words;
    if (flags['from'] === undefined) continue;
    cpSync(join(image, from), join(image, to), { recursive: true, verbatimSymlinks: true });
  }
  for (const { text } of last.instructions.filter(({ name }) => name === 'RUN')) {
    const [, target = '', link = ''] = /ln -s (\S+) (\S+)/.exec(text) ?? [];
    mkdirSync(dirname(join(image, link)), { recursive: true });
    symlinkSync(join(image, target), join(image, link));
    chmodSync(join(image, target), 0o755);
  }
}

/** Copies from what reaches the builder: files by their names, folders by what is in them. */
function copyContext(instructions: Stage['instructions'], image: string): void {
  for (const { flags, words } of instructions.filter(({ name }) => name === 'COPY')) {
    if (flags['from'] !== undefined) continue;
    const to = join(image, resolve(workdir(instructions), words.at(-1) ?? ''));
    for (const source of words.slice(0, -1)) {
      for (const path of context.filter((one) => isBelow(one, source))) {
        const target = join(to, path === source ? basename(path) : relative(source, path));
        mkdirSync(dirname(target), { recursive: true });
        cpSync(join(root, path), target);
      }
    }
  }
}

function workdir(instructions: Stage['instructions']): string {
  return instructions.find(({ name }) => name === 'WORKDIR')?.text ?? '/';
}
