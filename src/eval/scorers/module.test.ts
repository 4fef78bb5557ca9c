import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { complaints, noContext, scoredWith, scorerOf } from '../../../test/scored.ts';
import type { Score, Scorer } from '../score.ts';

/*
 * The goal: nothing that a user's module does can hurt the server or the scores of other cases. The method: real
 * files in a folder of their own, loaded in real threads, each of them faulty in its own way.
 */

let folder = '';
let outside = '';
const open: Scorer[] = [];
const running = new AbortController().signal;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pawl-scorers-'));
  outside = await mkdtemp(join(tmpdir(), 'pawl-outside-'));
});
afterEach(async () => {
  for (const scorer of open.splice(0)) await scorer.close?.();
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await rm(outside, { recursive: true });
});

/** Opens a scorer out of the source of its file. A call that is meant to hang should get little time. */
async function scorerFrom(
  source: string,
  {
    file = 'mine.js',
    timeout_ms = 20_000,
    ...settings
  }: { file?: string; timeout_ms?: number; options?: unknown } = {},
): Promise<Scorer> {
  await writeFile(join(folder, file), source);
  const scorer = await scorerOf(
    { type: 'module', name: 'mine', file, ...settings },
    { ...noContext, modules_folder: folder, timeout_ms },
  );
  open.push(scorer);
  return scorer;
}

const ask = async (scorer: Scorer, reply = '', signal = running): Promise<Score> =>
  scorer.score(scoredWith({ reply, target: 'a' }), signal);
const askNew = async (body: string): Promise<Score> =>
  ask(await scorerFrom(`export default (input) => { ${body} }`));

describe('A module', () => {
  test('gets the case, the outcome, the reading and its options', async () => {
    const source = `export default (input) => ({ value: 0.5, reason: JSON.stringify(input) });`;
    const options = { strict: [true] };
    const { value, reason } = await ask(await scorerFrom(source, { options }), 'hello');
    expect(value).toBe(0.5);
    expect(JSON.parse(reason ?? '')).toEqual({ ...scoredWith({ reply: 'hello', target: 'a' }), options });
  });

  test('may be TypeScript, in a folder below, and answer later', async () => {
    const source = `
      type Input = { readonly outcome: { readonly reply: string } };
      export default async function score({ outcome }: Input): Promise<boolean> {
        await new Promise((resolve) => setTimeout(resolve, 1));
        return outcome.reply === 'yes';
      }`;
    const scorer = await scorerFrom(source, { file: 'mine.ts' });
    expect(await ask(scorer, 'yes')).toEqual({ value: 1, reason: null });
    expect(await ask(scorer, 'no')).toEqual({ value: 0, reason: null });
  });

  test('is loaded once and asked for many cases side by side', async () => {
    const source = `
      let loaded = 0;
      const all = [];
      loaded++;
      export default ({ outcome }) => new Promise((resolve) => {
        all.push(() => resolve({ value: Number(outcome.reply) / 10, reason: String(loaded) }));
        if (all.length === 8) for (const one of all) one();
      });`;
    const scorer = await scorerFrom(source);
    const scores = await Promise.all(Array.from({ length: 8 }, (_, i) => ask(scorer, String(i))));
    expect(scores).toEqual(Array.from({ length: 8 }, (_, i) => ({ value: i / 10, reason: '1' })));
  });

  test('sees nothing of the server’s environment, and what it prints goes nowhere', async () => {
    const score = await askNew(
      'console.log("x"); console.error("y"); return { value: 1, reason: JSON.stringify(process.env) };',
    );
    expect(score).toEqual({ value: 1, reason: '{}' });
  });
});

describe('A case is unscored, with the reason,', () => {
  test.each([
    ['when the module throws', 'throw new Error("no column\\nat line 3");', 'the scorer threw: no column'],
    ['when it rejects', 'return Promise.reject(new Error("later"));', 'the scorer threw: later'],
    [
      'when it throws no error',
      'throw Object.create(null);',
      'the scorer threw: something that is not an error',
    ],
    ['when it gives NaN', 'return NaN;', 'the scorer gave NaN, which is not from 0 to 1'],
    ['when it gives more than 1', 'return { value: 2 };', 'the scorer gave 2, which is not from 0 to 1'],
    ['when it gives text', 'return "0.5";', 'the scorer gave text, not a number from 0 to 1'],
    ['when it gives nothing', '', 'the scorer gave nothing, not a number from 0 to 1'],
    [
      'when it gives what no message can carry',
      'return () => 1;',
      'the scorer gave a value of type function, not a number from 0 to 1',
    ],
    ['when it says so itself', 'return { value: null, reason: "no date in it" };', 'no date in it'],
  ])('%s', async (_what, body, reason) => {
    expect(await askNew(body)).toEqual({ value: null, reason });
  });
});

describe('A module that is faulty for one case scores the next one:', () => {
  /** Fails in its own way for the reply `bad`, and gives 1 to any other. */
  const faulty = (body: string): string =>
    `export default ({ outcome }) => { if (outcome.reply === 'bad') { ${body} } return 1; }`;

  test.each([
    ['hangs', 'for (;;) {}'],
    ['never answers', 'return new Promise(() => {});'],
  ])('one that %s', async (_what, body) => {
    const scorer = await scorerFrom(faulty(body), { timeout_ms: 2000 });
    expect(await ask(scorer, 'bad')).toEqual({
      value: null,
      reason: 'the scorer did not answer within 2000 ms',
    });
    expect(await ask(scorer, 'good')).toEqual({ value: 1, reason: null });
  });

  test.each([
    ['hangs', 'for (;;) {}'],
    ['never answers', 'return new Promise(() => {});'],
  ])('one that %s among others that wait for it', async (_what, body) => {
    const scorer = await scorerFrom(faulty(body).replace('return 1', 'return Promise.resolve(1)'), {
      timeout_ms: 700,
    });
    const replies = Array.from({ length: 20 }, (_, i) => (i === 2 ? 'bad' : 'good'));
    const scores = await Promise.all(replies.map((reply) => ask(scorer, reply)));
    expect(scores.map(({ value }) => value)).toEqual(replies.map((reply) => (reply === 'bad' ? null : 1)));
  });

  test('one that hangs when scoring is stopped', async () => {
    const scorer = await scorerFrom(faulty('for (;;) {}'));
    const controller = new AbortController();
    const hanging = ask(scorer, 'bad', controller.signal);
    controller.abort();
    expect((await hanging).value).toBeNull();
    expect(await ask(scorer, 'good')).toEqual({ value: 1, reason: null });
    expect(await ask(scorer, 'good', controller.signal)).toEqual({
      value: null,
      reason: 'the scorer was stopped',
    });
  });

  test.each([
    ['ends its thread', 'process.exit(7);', 'the module ended its thread with code 7'],
    [
      'fails outside its promise',
      'setTimeout(() => { throw new Error("in a timer"); }); return new Promise(() => {});',
      'the module failed: in a timer',
    ],
    [
      'takes all memory',
      'const all = []; for (;;) all.push(new Array(1e5).fill(0.5));',
      'the module failed: Worker terminated due to reaching memory limit: JS heap out of memory',
    ],
    [
      'floods the server with messages of its own',
      'for (;;) process.getBuiltinModule("node:worker_threads").parentPort.postMessage("x".repeat(1000));',
      'the module sends messages of its own',
    ],
    [
      'answers for cases that nobody asked about',
      'for (let id = 1000; ; id++) process.getBuiltinModule("node:worker_threads").parentPort.postMessage({ kind: "answered", id });',
      'the module sends messages of its own',
    ],
  ])('one that %s', async (_what, body, reason) => {
    const scorer = await scorerFrom(faulty(body));
    const others = ['good', 'bad', 'good', 'good'].map((reply) => ask(scorer, reply));
    const good = { value: 1, reason: null };
    expect(await Promise.all(others)).toEqual([good, { value: null, reason }, good, good]);
    expect(await ask(scorer, 'good')).toEqual(good);
  });

  test('one that floods its output', async () => {
    const flood =
      'for (let i = 0; i < 1e5; i++) console.log("x".repeat(1000)); return { value: 0, reason: "y".repeat(1e7) };';
    const scorer = await scorerFrom(faulty(flood));
    expect(await ask(scorer, 'bad')).toEqual({ value: 0, reason: 'y'.repeat(1000) });
    expect((await ask(scorer, 'good')).value).toBe(1);
  });

  test('but not without end: one whose every thread fails leaves all cases unscored', async () => {
    const scorer = await scorerFrom(
      'export default () => { setImmediate(() => process.exit(3)); return new Promise(() => {}); };',
    );
    const scores = await Promise.all(['a', 'b', 'c'].map((reply) => ask(scorer, reply)));
    expect(scores.map(({ value }) => value)).toEqual([null, null, null]);
  });
});

describe('Waiting cases', () => {
  test('are bounded in number, and let go when the scorer is closed', async () => {
    const scorer = await scorerFrom('export default () => new Promise(() => {});');
    const waiting = Array.from({ length: 256 }, () => ask(scorer));
    expect(await ask(scorer)).toEqual({
      value: null,
      reason: 'more than 256 cases are waiting for the scorer',
    });
    await scorer.close?.();
    expect(new Set((await Promise.all(waiting)).map(({ reason }) => reason))).toEqual(
      new Set(['the scorer was closed']),
    );
    expect(await ask(scorer)).toEqual({ value: null, reason: 'the scorer was stopped' });
  });
});

describe('The hash of a module', () => {
  test('is that of its bytes and its settings', async () => {
    const one = await scorerFrom('export default () => 1;');
    const same = await scorerFrom('export default () => 1;');
    const other = await scorerFrom('export default () => 1; ');
    const withOptions = await scorerFrom('export default () => 1;', { options: 1 });
    expect(same.hash).toBe(one.hash);
    expect(new Set([one, other, withOptions].map(({ hash }) => hash)).size).toBe(3);
  });

  test('stays true: a file that has changed is not loaded again', async () => {
    const scorer = await scorerFrom(
      `export default ({ outcome }) => { if (outcome.reply === 'bad') process.exit(1); return 1; }`,
    );
    await writeFile(join(folder, 'mine.js'), 'export default () => 0;');
    expect((await ask(scorer, 'bad')).value).toBeNull();
    expect(await ask(scorer, 'good')).toEqual({
      value: null,
      reason: 'the module cannot be loaded again: the file has changed since it was read',
    });
  });
});

describe('A module is refused', () => {
  test.each([
    ['that does not parse', 'export default (', /^scorers\.mine\.file: bad\.js cannot be loaded: \S/],
    ['that throws', 'throw new Error("no model file\\n    at x")', /cannot be loaded: no model file$/],
    ['that ends its thread', 'process.exit(2)', /cannot be loaded: the module ended its thread with code 2$/],
    [
      'that exports no function',
      'export default 1',
      /cannot be loaded: its default export is not a function$/,
    ],
    ['that exports nothing', '', /cannot be loaded: its default export is not a function$/],
    [
      'that imports what is not there',
      'import "./gone.js"',
      /^(?!.*pawl-scorers-).*cannot be loaded: .*gone\.js/,
    ],
  ])('%s', async (_what, source, message) => {
    await expect(scorerFrom(source, { file: 'bad.js' })).rejects.toThrow(message);
  });

  test('that is not there', async () => {
    const context = { ...noContext, modules_folder: folder };
    await expect(scorerOf({ type: 'module', file: 'gone.js' }, context)).rejects.toThrow(
      "scorers.module.file: the server's folder of scorers has no gone.js",
    );
  });

  test('that a link leads to from outside', async () => {
    await writeFile(join(outside, 'theirs.js'), 'export default () => 1;');
    await symlink(join(outside, 'theirs.js'), join(folder, 'link.js'));
    await symlink(outside, join(folder, 'linked'));
    const context = { ...noContext, modules_folder: folder };
    for (const file of ['link.js', 'linked/theirs.js']) {
      await expect(scorerOf({ type: 'module', file }, context)).rejects.toThrow(
        `${file} leads out of the server's folder of scorers`,
      );
    }
  });

  test.each([
    '/etc/x.js',
    '../x.js',
    'a/../x.js',
    './x.js',
    'a//x.js',
    'x.json',
    'x',
    'C:\\x.js',
    '.x.js',
    'x.js\n',
    '',
  ])('by the name %j', (file) => {
    expect(complaints({ type: 'module', file })[0]).toMatch(/^file: must be the relative name/);
  });
});
