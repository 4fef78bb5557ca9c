import { basename } from 'node:path';
import { programOf } from './source.ts';
import { isTest, type Tree } from './tree.ts';

/** Names that say nothing about what is inside, so that everything ends up inside. */
const drawerNames = new Set([
  'common',
  'helper',
  'helpers',
  'index',
  'lib',
  'misc',
  'shared',
  'types',
  'util',
  'utils',
]);

/** Parts of a name, such as the last one of `date-utils`, that give a drawer away. */
const drawerParts = new Set(['helper', 'helpers', 'misc', 'util', 'utils']);

const unfinished = /\b(FIXME|XXX|HACK)\b/;
const narrowed = /\b(describe|it|suite|test)\.(only|skip)\(|\.(only|skip)\(\s*['"`]/;

/** Absolute paths of somebody's machine; a route such as `/v1/environments/…/work/` is none. */
const machinePath = /(?<![\w.\-/:*}~])\/(home|root|Users|work)\/[\w.-]/;
const privateHost =
  /\bhttps?:\/\/(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|[\w.-]+\.(internal|local|lan|corp|intra)\b)/;
const lockedAddress = /"resolved": "(?!https:\/\/registry\.npmjs\.org\/)https?:/;

/** This folder holds the patterns, and its tests hold what they are to find. */
const ownFolder = /^test\/tidy\//;

/** No file or folder of code is a drawer. */
export function drawers(tree: Tree): string[] {
  return codeFiles(tree).flatMap(([path]) => {
    const segments = path.split('/').map((segment) => segment.replace(/(\.test|\.testsuite)?\.ts$/, ''));
    const drawer = segments.find(
      (segment) => drawerNames.has(segment) || segment.split(/[-_.]/).some((part) => drawerParts.has(part)),
    );
    return drawer === undefined ? [] : [`${path} has a name (${drawer}) that does not say what is inside.`];
  });
}

/** No file only passes on what others export. */
export function barrels(tree: Tree): string[] {
  return codeFiles(tree).flatMap(([path, text]) => {
    const body = programOf(text).body;
    const exports = body.filter((statement) => statement.type.startsWith('Export'));
    const passesOn = body.every(
      (statement) =>
        statement.type === 'ImportDeclaration' ||
        statement.type === 'ExportAllDeclaration' ||
        (statement.type === 'ExportNamedDeclaration' && statement.declaration === null),
    );
    return exports.length > 0 && passesOn
      ? [`${path} only re-exports; import from where the names live.`]
      : [];
  });
}

/** Nothing says that it is unfinished, and no test is set aside. */
export function unfinishedWork(tree: Tree): string[] {
  return eachLine(tree, (line, path) => {
    const word = unfinished.exec(line)?.[1];
    if (word !== undefined) return `says ${word}; finish it or open an issue`;
    return isTest(path) && narrowed.test(line) ? 'runs only some of the tests' : null;
  });
}

/** The project reads the same on every machine and tells nothing of the one that it was written on. */
export function machineTraces(tree: Tree): string[] {
  return eachLine(tree, (line) => {
    if (machinePath.test(line)) return 'names a path of one machine';
    if (privateHost.test(line)) return 'names a host of a private network';
    return lockedAddress.test(line) ? 'locks a package to one registry' : null;
  });
}

function codeFiles(tree: Tree): [string, string][] {
  return [...tree].filter(([path]) => path.endsWith('.ts') && !path.endsWith('.d.ts'));
}

function eachLine(tree: Tree, judge: (line: string, path: string) => string | null): string[] {
  return [...tree].flatMap(([path, text]) => {
    if (ownFolder.test(path)) return [];
    return text.split('\n').flatMap((line, index) => {
      const problem = judge(line, basename(path));
      return problem === null ? [] : [`${path}:${index + 1} ${problem}.`];
    });
  });
}
