import { packageOf, targetOf } from './modules.ts';
import { type Import, importsOf, lineAt, type Node, walk } from './source.ts';
import { isProduct, type Tree } from './tree.ts';

const databasePackages = new Set(['kysely', 'better-sqlite3', 'pg']);

/** What a pure room cannot name: the clock, chance, and everything that reaches out of the process. */
const impureNames = new Set([
  'console',
  'crypto',
  'fetch',
  'globalThis',
  'performance',
  'process',
  'queueMicrotask',
  'setImmediate',
  'setInterval',
  'setTimeout',
]);

/**
 * Statements begin with their keywords in one case, all upper or all lower; that keeps prose such as
 * "Select one from the list" apart.
 */
const sqlStarts =
  /^\s*(select\s[\s\S]*\sfrom\s|insert\s+into\s|update\s+\S+\s+set\s|delete\s+from\s|(create|alter|drop)\s+(unique\s+)?(table|index)\s|begin\s+immediate|pragma\s)/;

/** Core is vocabulary and rules: from outside it takes nothing but a hash function. */
export function impureCore(tree: Tree): string[] {
  return productFiles(tree, /^src\/core\//).flatMap(([path, text]) => {
    const problems = importsOf(text)
      .filter((one) => targetOf(path, one.specifier) === null && !isHashing(one))
      .map((one) => `${path} imports ${one.specifier}, but core only hashes.`);
    walk(text, (node, parent, key) => {
      const found = impurity(node, parent, key);
      if (found !== null)
        problems.push(`${path}:${lineAt(text, node.start)} uses ${found}, so core is not pure.`);
    });
    return problems;
  });
}

/** Only the store knows that there is a database. */
export function databaseOutsideStore(tree: Tree): string[] {
  return productFiles(tree, /^src\/(?!store\/)/).flatMap(([path, text]) => {
    const problems = importsOf(text)
      .filter((one) => databasePackages.has(packageOf(one.specifier)))
      .map((one) => `${path} imports ${one.specifier}, which belongs to store.`);
    walk(text, (node) => {
      if (isSql(node))
        problems.push(`${path}:${lineAt(text, node.start)} holds SQL, which belongs to store.`);
    });
    return problems;
  });
}

/** Settings come from one place, which is also where they are explained. */
export function environmentReaders(tree: Tree): string[] {
  return productFiles(tree, /^src\/(?!config\.ts$)/).flatMap(([path, text]) => {
    const problems: string[] = [];
    walk(text, (node) => {
      const line = lineAt(text, node.start);
      if (readsEnvironment(node))
        problems.push(`${path}:${line} reads process.env; only src/config.ts does.`);
    });
    return problems;
  });
}

function productFiles(tree: Tree, where: RegExp): [string, string][] {
  return [...tree].filter(([path]) => isProduct(path) && where.test(path));
}

function isHashing(one: Import): boolean {
  return (
    one.specifier === 'node:crypto' && one.names.every((name) => name === 'createHash' || name === 'hash')
  );
}

function impurity(node: Node, parent: Node | null, key: string): string | null {
  if (node.type === 'NewExpression' && isNamed(node['callee'], 'Date')) {
    return (node['arguments'] as unknown[]).length === 0 ? 'new Date()' : null;
  }
  if (node.type === 'MemberExpression') {
    if (isNamed(node['object'], 'Date') && isNamed(node['property'], 'now')) return 'Date.now';
    if (isNamed(node['object'], 'Math') && isNamed(node['property'], 'random')) return 'Math.random';
  }
  const name = node['name'];
  if (node.type !== 'Identifier' || typeof name !== 'string' || !impureNames.has(name)) return null;
  return isPropertyName(parent, key) ? null : name;
}

/** In `clock.process` and `{ process: 1 }` the word names a property, not the global. */
function isPropertyName(parent: Node | null, key: string): boolean {
  if (parent === null || parent['computed'] === true) return false;
  if (parent.type === 'Property') return key === 'key';
  return (
    (parent.type === 'MemberExpression' && key === 'property') ||
    (/^TS|Definition$/.test(parent.type) && key === 'key')
  );
}

function isSql(node: Node): boolean {
  if (node.type === 'TaggedTemplateExpression') return isNamed(node['tag'], 'sql');
  const text = literalText(node);
  return (
    text !== null && (sqlStarts.test(text) || (/^\s*[A-Z]+\s/.test(text) && sqlStarts.test(onlyUpper(text))))
  );
}

function literalText(node: Node): string | null {
  if (node.type === 'Literal' && typeof node['value'] === 'string') return node['value'];
  if (node.type !== 'TemplateLiteral') return null;
  const quasis = node['quasis'] as { value: { raw: string } }[];
  return quasis.map((quasi) => quasi.value.raw).join('x');
}

/** Lowers the words that are all upper case, so that `SELECT id FROM t` reads as `select id from t`. */
function onlyUpper(text: string): string {
  return text.replace(/\b[A-Z]+\b/g, (word) => word.toLowerCase());
}

function readsEnvironment(node: Node): boolean {
  if (node.type === 'MemberExpression') {
    return isNamed(node['property'], 'env') && isProcess(node['object']);
  }
  if (node.type === 'VariableDeclarator') {
    return isProcess(node['init']) && JSON.stringify(node['id']).includes('"name":"env"');
  }
  return node.type === 'ImportSpecifier' && isNamed(node['imported'], 'env');
}

function isProcess(node: unknown): boolean {
  if (isNamed(node, 'process')) return true;
  const holder = node as Node | null;
  return holder?.type === 'MemberExpression' && isNamed(holder['property'], 'process');
}

/** Both `a.name` and `a['name']` name the property. */
function isNamed(node: unknown, name: string): boolean {
  const candidate = node as Node | null | undefined;
  return candidate?.['name'] === name || (candidate?.type === 'Literal' && candidate['value'] === name);
}
