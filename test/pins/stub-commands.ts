import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freshFolder } from '../pawl-process.ts';

/** What a forge holds and was asked, as its stand-in keeps it. */
export type Forge = {
  readonly comments: readonly { readonly id: number; readonly author: string; readonly body: string }[];
  /** Method and path of each request, in order. */
  readonly requests: readonly string[];
};

/** Commands that stand before the real ones on the PATH of a script. */
export type StubCommands = {
  readonly path: string;
  /** Sets the comments of the forge that `gh` and `curl` stand for; one that refuses answers nothing but errors. */
  forge(comments: Forge['comments'], refuses?: boolean): void;
  asked(): Forge;
  /** The arguments of the calls of a command that only records, one list for each call. */
  calls(name: string): readonly (readonly string[])[];
  /**
   * Makes a command that records its arguments, writes what `--markdown=` names, and ends with a code. One that is
   * called `node` still runs what comes with `-e`.
   */
  record(name: string, code: number, markdown?: string): void;
};

/** The author that the stand-ins let in. */
export const forgeUser = 'github-actions[bot]';

export function stubCommands(): StubCommands {
  const folder = freshFolder();
  const state = join(folder, 'forge.json');
  const write = (name: string, code: string): void => {
    writeFileSync(join(folder, name), `#!${process.execPath}\n${code}`);
    chmodSync(join(folder, name), 0o755);
  };
  write('gh', `${forgeCode(state)}\n${ghCode}`);
  write('curl', `${forgeCode(state)}\n${curlCode}`);
  const logOf = (name: string): string => join(folder, `${name}.log`);
  return {
    path: `${folder}:${process.env['PATH']}`,
    forge: (comments, refuses = false) =>
      writeFileSync(state, JSON.stringify({ comments, requests: [], refuses })),
    asked: () => JSON.parse(readFileSync(state, 'utf8')) as Forge,
    calls(name) {
      if (!existsSync(logOf(name))) return [];
      const lines = readFileSync(logOf(name), 'utf8').trim().split('\n');
      return lines.map((line) => JSON.parse(line) as string[]);
    },
    record(name, code, markdown) {
      write(
        name,
        `const { appendFileSync, writeFileSync } = require('node:fs');
const args = process.argv.slice(2);
if (args[0] === '-e') {
  const { spawnSync } = require('node:child_process');
  process.exit(spawnSync(process.execPath, args, { stdio: 'inherit' }).status);
}
appendFileSync(${JSON.stringify(logOf(name))}, JSON.stringify(args) + '\\n');
const to = args.find((arg) => arg.startsWith('--markdown='));
const text = ${JSON.stringify(markdown ?? null)};
if (to !== undefined && text !== null) writeFileSync(to.slice(11), text);
process.exit(${code});`,
      );
    },
  };
}

/** Comments that can be listed in pages of two, made and changed; the same for both forges. */
const forgeCode = (state: string): string => `
const { readFileSync, writeFileSync } = require('node:fs');
const forge = JSON.parse(readFileSync(${JSON.stringify(state)}, 'utf8'));
const args = process.argv.slice(2);
const after = (flag) => args[args.indexOf(flag) + 1];
function finish(value, code = 0) {
  writeFileSync(${JSON.stringify(state)}, JSON.stringify(forge));
  if (forge.refuses) { console.error('403'); process.exit(1); }
  if (value !== undefined) console.log(JSON.stringify(value));
  process.exit(code);
}
function save(id, body) {
  const known = forge.comments.find((one) => one.id === id);
  if (known) known.body = body;
  else forge.comments.push({ id: 1000 + forge.comments.length, author: '${forgeUser}', body });
}
`;

const ghCode = `
const method = args.includes('--method') ? after('--method') : 'GET';
const path = args.find((arg) => arg.startsWith('repos/'));
forge.requests.push(method + ' ' + path);
if (forge.refuses || !process.env.GH_TOKEN) finish(undefined, 1);
const all = forge.comments.map(({ id, author, body }) => ({ id, body, user: { login: author } }));
if (method === 'GET') {
  if (!args.includes('--paginate') || !args.includes('--slurp')) finish(all.slice(0, 2));
  finish([all.slice(0, 2), all.slice(2)]);
}
save(Number(path.split('/comments/')[1]), readFileSync(after('--field').slice(6), 'utf8'));
finish();
`;

const curlCode = `
const url = new URL(args.find((arg) => /^https?:/.test(arg)));
const method = args.includes('--request') ? after('--request') : 'GET';
forge.requests.push(method + ' ' + url.pathname + url.search);
const token = readFileSync(0, 'utf8');
if (forge.refuses || after('--header') !== '@-' || token !== 'PRIVATE-TOKEN: secret\\n') finish(undefined, 22);
const answer = (value) => { writeFileSync(after('--output'), JSON.stringify(value)); finish(); };
if (url.pathname.endsWith('/user')) answer({ id: '${forgeUser}' });
if (method === 'GET') {
  const page = Number(url.searchParams.get('page'));
  const all = forge.comments.map(({ id, author, body }) => ({ id, body, author: { id: author } }));
  answer(all.slice(100 * (page - 1), 100 * page));
}
const [field, file] = after('--data-urlencode').split('@');
save(Number(url.pathname.split('/notes/')[1]), field === 'body' ? readFileSync(file, 'utf8') : '');
answer({});
`;
