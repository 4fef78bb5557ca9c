import { targetOf } from './modules.ts';
import { type Import, importsOf } from './source.ts';
import { isTest, type Tree } from './tree.ts';

/** What each room may import besides itself. Rooms stand in a line and look to their left. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  core: [],
  outbound: ['core'],
  observe: ['core'],
  stats: ['core'],
  store: ['core'],
  queue: ['core', 'store'],
  access: ['core', 'store'],
  webhook: ['core', 'outbound', 'store', 'queue', 'access'],
  file: ['core', 'store', 'access', 'webhook'],
  vault: ['core', 'outbound', 'store', 'access', 'webhook'],
  model: ['core'],
  mcp: ['core', 'outbound'],
  agent: ['core', 'store', 'access', 'webhook'],
  session: ['core', 'store', 'queue', 'access', 'webhook', 'vault', 'file', 'model', 'mcp', 'agent'],
  eval: ['core', 'stats', 'store', 'queue', 'access', 'webhook', 'model', 'agent', 'session'],
  release: ['core', 'stats', 'store', 'queue', 'access', 'webhook', 'agent', 'eval'],
  api: [
    ...['core', 'outbound', 'stats', 'store', 'access', 'webhook', 'file', 'vault', 'model', 'mcp', 'agent'],
    ...['session', 'eval', 'release'],
  ],
  // What services import as well: it stands beside the line, and knows nothing of the server.
  pin: ['core'],
  cli: ['core', 'stats', 'pin', 'version.ts'],
  'version.ts': [],
  'settings.ts': ['core'],
  'config.ts': ['core', 'settings.ts'],
  'places.ts': ['store', 'file', 'settings.ts'],
  // What is done to the data of a server, with or without one.
  'transfer.ts': ['store', 'file', 'places.ts', 'settings.ts', 'version.ts'],
  // Where the rooms of a server are put together.
  assembly: [
    ...['core', 'observe', 'store', 'queue', 'access', 'webhook', 'file', 'vault', 'model', 'mcp', 'agent'],
    ...['session', 'eval', 'release', 'api', 'places.ts', 'transfer.ts', 'settings.ts', 'version.ts'],
  ],
  'server.ts': [
    ...['core', 'observe', 'store', 'queue', 'model', 'assembly'],
    ...['places.ts', 'settings.ts', 'version.ts'],
  ],
};

/**
 * The commands that run a server in their own process, and the file that reads the environment for the rest;
 * all others speak HTTP like any client.
 */
const startsServer =
  /^src\/cli\/(serve|doctor|migrate|embedded|environment)\.ts$|^src\/cli\/(tutorial|transfer)\//;

/** What the server answers with; commands may know it by its types. */
const answers = /^src\/(api|eval)\//;

/** Every import in `src` goes to the left. Tests may also use `test/`, and start a whole server. */
export function wrongDirections(tree: Tree): string[] {
  const problems: string[] = [];
  for (const [path, text] of tree) {
    if (!path.startsWith('src/') || !path.endsWith('.ts')) continue;
    const room = roomOf(path);
    if (!(room in mayImport)) {
      problems.push(`${path} is in no room: the rooms are ${Object.keys(mayImport).join(', ')}.`);
      continue;
    }
    for (const one of importsOf(text)) {
      const target = targetOf(path, one.specifier);
      if (target !== null && !isAllowed(path, room, target, one)) {
        problems.push(`${path} imports ${target}, which ${room} may not${hint(room, target)}.`);
      }
    }
  }
  return problems;
}

/** What the tutorial tells its story with, and the first-run page shows: data, and nothing of the server. */
const tutorialData = ['src/cli/tutorial/prompts.ts', 'src/cli/tutorial/tickets.jsonl?raw'];

/** The dashboard speaks HTTP: of the server it knows what answers and events look like, as types, and nothing else. */
export function dashboardBeyondHttp(tree: Tree): string[] {
  return [...tree].flatMap(([path, text]) => {
    if (!/^dashboard\/src\/.*\.tsx?$/.test(path)) return [];
    return importsOf(text).flatMap((one) => {
      const target = targetOf(path, one.specifier);
      if (target === null || target.startsWith('dashboard/')) return [];
      const isAnswer = /^src\/(api|core)\//.test(target) && one.typeOnly;
      return isAnswer || tutorialData.includes(target)
        ? []
        : [`${path} imports ${target}; the dashboard takes types of src/api and src/core alone.`];
    });
  });
}

function isAllowed(path: string, room: string, target: string, one: Import): boolean {
  if (!target.startsWith('src/')) return isTest(path) && target.startsWith('test/');
  const other = roomOf(target);
  if (other === room || mayImport[room]?.includes(other) === true) return true;
  const wholeServer = ['assembly', 'server.ts', 'transfer.ts', 'config.ts', 'settings.ts'].includes(other);
  if (wholeServer && isTest(path) && (room === 'api' || room === 'cli')) return true;
  if (room !== 'cli') return false;
  return (wholeServer && startsServer.test(path)) || (answers.test(target) && one.typeOnly);
}

function hint(room: string, target: string): string {
  if (room !== 'cli') return '';
  if (answers.test(target)) return ' but as types';
  return roomOf(target).endsWith('.ts')
    ? ' outside serve, doctor, migrate, embedded, tutorial and transfer'
    : ': it speaks HTTP';
}

/** The folder under `src`, or the file itself where it lies directly there. */
function roomOf(path: string): string {
  return path.split('/')[1] ?? '';
}
