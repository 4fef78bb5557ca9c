import { type Program, parseSync, visitorKeys } from 'oxc-parser';

/** One import, re-export, `import()` or `import('…').Type` of a file. */
export type Import = {
  readonly specifier: string;
  /** Names taken from the module, as that module calls them; `*` for all of it. */
  readonly names: readonly string[];
  /** True when nothing of it is left after type stripping. */
  readonly typeOnly: boolean;
};

export type FunctionSize = { readonly name: string; readonly line: number; readonly lines: number };

/** A syntax node with its place; oxc's types name each kind, which a walk over all of them has no use for. */
export type Node = {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
};

/** A node, the node that holds it, and the property of the holder that it is in. */
export type Visit = (node: Node, parent: Node | null, key: string) => void;

const parsed = new Map<string, Program>();

/** Parses a file's text; throws when it is not TypeScript, with or without elements of pages in it. */
export function programOf(text: string): Program {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  let result = parseSync('file.ts', text);
  if (result.errors.length > 0) result = parseSync('file.tsx', text);
  if (result.errors.length > 0) throw new Error(result.errors.map((error) => error.message).join('\n'));
  parsed.set(text, result.program);
  return result.program;
}

/** Calls `visit` for every node, holders first. */
export function walk(text: string, visit: Visit): void {
  const step = (node: Node, parent: Node | null, key: string): void => {
    visit(node, parent, key);
    for (const childKey of visitorKeys[node.type] ?? []) {
      const child = node[childKey];
      for (const one of Array.isArray(child) ? child : [child]) {
        if (isNode(one)) step(one, node, childKey);
      }
    }
  };
  step(programOf(text) as unknown as Node, null, '');
}

export function importsOf(text: string): Import[] {
  const imports: Import[] = [];
  walk(text, (node) => {
    const specifier = (node['source'] as { value?: unknown } | null | undefined)?.value;
    if (typeof specifier !== 'string') return;
    imports.push({ specifier, names: namesOf(node), typeOnly: isTypeOnly(node) });
  });
  return imports;
}

/**
 * Measures every function. A named function inside another one is measured by itself and does not count for
 * the outer one, as the methods of a class do not add up either; a callback counts for whoever passes it.
 */
export function functionsOf(text: string): FunctionSize[] {
  const found: (FunctionSize & { readonly node: Node; readonly named: boolean })[] = [];
  walk(text, (node, parent) => {
    if (!/^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type)) return;
    const line = lineAt(text, node.start);
    const name = nameOf(node['id']) ?? nameOf(parent?.['id']) ?? nameOf(parent?.['key']);
    const lines = lineAt(text, node.end) - line + 1;
    found.push({
      node,
      named: name !== undefined,
      name: name ?? `the function of line ${line}`,
      line,
      lines,
    });
  });
  return found.map(({ node, name, line, lines }) => {
    const within = found.filter((one) => one.named && holds(node, one.node));
    const outermost = within.filter((one) => !within.some((other) => holds(other.node, one.node)));
    return { name, line, lines: outermost.reduce((rest, one) => rest - one.lines, lines) };
  });
}

function holds(outer: Node, inner: Node): boolean {
  return outer !== inner && outer.start <= inner.start && inner.end <= outer.end;
}

/** Lines of text; the newline that ends the last line starts no other. */
export function linesOf(text: string): number {
  return text === '' ? 0 : text.replace(/\n$/, '').split('\n').length;
}

export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

function namesOf(node: Node): string[] {
  const specifiers = node['specifiers'];
  if (!Array.isArray(specifiers)) return ['*'];
  return specifiers.map((specifier: Node) => {
    if (specifier.type === 'ImportDefaultSpecifier') return 'default';
    return nameOf(specifier['imported'] ?? specifier['local']) ?? '*';
  });
}

function isTypeOnly(node: Node): boolean {
  if (node.type === 'TSImportType') return true;
  if (node['importKind'] === 'type' || node['exportKind'] === 'type') return true;
  const specifiers = node['specifiers'];
  return (
    Array.isArray(specifiers) &&
    specifiers.length > 0 &&
    specifiers.every((one: Node) => one['importKind'] === 'type' || one['exportKind'] === 'type')
  );
}

function nameOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  const name = node['name'] ?? node['value'];
  return typeof name === 'string' ? name : undefined;
}

function isNode(value: unknown): value is Node {
  return (
    typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string'
  );
}
