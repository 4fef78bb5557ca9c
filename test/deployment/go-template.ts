import { stringify } from 'yaml';

/*
 * As much of Go's templates as the chart needs, and no more: whatever else stands in a template is an error here, and so
 * is a value that is not there, of which Go would make "<no value>".
 */

type Scope = { readonly dot: unknown; readonly variables: ReadonlyMap<string, unknown> };
type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'output'; readonly action: string }
  | Block;
type Block = {
  readonly kind: 'if' | 'range' | 'define';
  readonly action: string;
  readonly body: Node[];
  readonly otherwise: Node[];
};

/** Renders one of these templates with a value for its dot. What any of them defines, all can include. */
export function renderTemplates(files: ReadonlyMap<string, string>, dot: unknown): Map<string, string> {
  const parsed = new Map([...files].map(([name, text]) => [name, parseTemplate(text)]));
  const defined = new Map<string, Node[]>();
  for (const nodes of parsed.values()) {
    for (const node of nodes) {
      if (node.kind === 'define') defined.set(JSON.parse(node.action) as string, node.body);
    }
  }
  const root = (value: unknown): Scope => ({ dot: value, variables: new Map([['$', value]]) });
  const include = (name: unknown, value: unknown): string => {
    const body = defined.get(String(name));
    if (body === undefined) throw new Error(`${name} is not defined`);
    return render(body, root(value), include);
  };
  return new Map([...parsed].map(([name, nodes]) => [name, render(nodes, root(dot), include)]));
}

type Include = (name: unknown, dot: unknown) => string;

function parseTemplate(text: string): Node[] {
  const top: Node[] = [];
  const open: { readonly block: Block; into: Node[] }[] = [];
  const add = (node: Node): void => void (open.at(-1)?.into ?? top).push(node);
  let trims = false;
  for (const piece of text.split(/(\{\{-? .*? -?\}\})/s)) {
    const [, before, action = '', after] = /^\{\{(-?) (.*?) (-?)\}\}$/s.exec(piece) ?? [];
    if (before === undefined) {
      add({ kind: 'text', text: trims ? piece.trimStart() : piece });
      continue;
    }
    if (before === '-') trimEnd(open.at(-1)?.into ?? top);
    trims = after === '-';
    const [, word = '', rest = ''] = /^(\w+)\s*(.*)$/s.exec(action) ?? [];
    if (word === 'if' || word === 'range' || word === 'define') {
      const block: Block = { kind: word, action: rest, body: [], otherwise: [] };
      add(block);
      open.push({ block, into: block.body });
    } else if (word === 'else' && rest === '') {
      const last = open.at(-1);
      if (last?.block.kind !== 'if') throw new Error('else without if');
      last.into = last.block.otherwise;
    } else if (word === 'end') {
      if (open.pop() === undefined) throw new Error('end of nothing');
    } else add({ kind: 'output', action });
  }
  if (open.length > 0) throw new Error(`${open.at(-1)?.block.kind} without end`);
  return top;
}

function trimEnd(nodes: Node[]): void {
  const last = nodes.at(-1);
  if (last?.kind === 'text') nodes[nodes.length - 1] = { kind: 'text', text: last.text.trimEnd() };
}

function render(nodes: readonly Node[], scope: Scope, include: Include): string {
  return nodes.map((node) => renderNode(node, scope, include)).join('');
}

function renderNode(node: Node, scope: Scope, include: Include): string {
  if (node.kind === 'text') return node.text;
  if (node.kind === 'define') return '';
  if (node.kind === 'output') return String(evaluate(node.action, scope, include));
  if (node.kind === 'if') {
    const taken = isTrue(evaluate(node.action, scope, include)) ? node.body : node.otherwise;
    return render(taken, scope, include);
  }
  const [, key = '', value = '', over = ''] = /^(\$\w+), (\$\w+) := (.*)$/.exec(node.action) ?? [];
  const all = Object.entries(evaluate(over, scope, include) as object).toSorted(([a], [b]) =>
    a < b ? -1 : 1,
  );
  return all
    .map(([name, dot]) => {
      const variables = new Map([...scope.variables, [key, name], [value, dot]]);
      return render(node.body, { dot, variables }, include);
    })
    .join('');
}

/** Commands behind one another, each of which gets what the one before gives as its last argument. */
function evaluate(pipeline: string, scope: Scope, include: Include): unknown {
  const tokens = pipeline.match(/"(?:[^"\\]|\\.)*"|[()|]|[^\s()|"]+/g) ?? [];
  let at = 0;
  const nested = (): unknown => {
    let given: unknown[] = [];
    for (;;) {
      const terms: unknown[] = [];
      const name = /^[a-z]\w*$/i.test(tokens[at] ?? '') ? tokens[at++] : undefined;
      while (at < tokens.length && tokens[at] !== '|' && tokens[at] !== ')') terms.push(term());
      const value = name === undefined ? terms[0] : call(name, [...terms, ...given], include);
      if (name === undefined && terms.length !== 1) throw new Error(`cannot read ${pipeline}`);
      if (tokens[at] !== '|') return value;
      at++;
      given = [value];
    }
  };
  const term = (): unknown => {
    const token = tokens[at++] ?? '';
    if (token === '(') {
      const value = nested();
      if (tokens[at++] !== ')') throw new Error(`no ) in ${pipeline}`);
      return value;
    }
    if (token.startsWith('"') || /^\d+$/.test(token)) return JSON.parse(token);
    return lookUp(token, scope);
  };
  const value = nested();
  if (at !== tokens.length) throw new Error(`cannot read ${pipeline}`);
  return value;
}

function lookUp(path: string, { dot, variables }: Scope): unknown {
  const [, variable, fields = ''] = /^(\$\w*)?((?:\.\w+)*|\.)$/.exec(path) ?? [];
  if (variable === undefined && fields === '') throw new Error(`cannot read ${path}`);
  let value = variable === undefined ? dot : variables.get(variable);
  for (const field of fields.split('.').filter((one) => one !== '')) {
    value = (value as Readonly<Record<string, unknown>> | undefined)?.[field];
  }
  if (value === undefined) throw new Error(`${path} is not there`);
  return value;
}

function call(name: string, args: readonly unknown[], include: Include): unknown {
  const [first, second] = args;
  const indent = (): string => `\n${String(second).replace(/^/gm, ' '.repeat(Number(first)))}`;
  const known: Readonly<Record<string, () => unknown>> = {
    include: () => include(first, second),
    nindent: indent,
    toYaml: () => stringify(first).trimEnd(),
    quote: () => JSON.stringify(String(first)),
    default: () => (isTrue(second) ? second : first),
    printf: () => args.slice(1).reduce<string>((text, one) => text.replace('%s', String(one)), String(first)),
    dict: () => Object.fromEntries(args.flatMap((one, i) => (i % 2 === 0 ? [[one, args[i + 1]]] : []))),
  };
  const work = Object.hasOwn(known, name) ? known[name] : undefined;
  if (work === undefined) throw new Error(`${name} is no function that is known here`);
  return work();
}

function isTrue(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}
