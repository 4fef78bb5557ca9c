import { Document, isMap, isScalar, LineCounter, type Node, parseDocument, visit } from 'yaml';
import { canonicalJson } from '../../core/canonical.ts';
import { CommandError, sentenceOf } from '../command-error.ts';
import { type AgentFields, agentFields } from './agent-fields.ts';
import { type Fields, isFields, isNothing } from './fields.ts';

/** What the front matter may say, in the order in which it is written. The prompt is the body. */
const expectations = {
  name: 'text that is not empty',
  description: 'text',
  model: 'the id of a model, or a map with that as its id',
  tools: 'a list',
  mcp_servers: 'a list',
  skills: 'a list',
  multiagent: 'a map',
  execution_identity: 'a map',
  metadata: 'a map from names to text; numbers and dates need quotes there',
} as const;
type Key = keyof typeof expectations;
const keys = Object.keys(expectations) as Key[];

/** Both markers stand on lines of their own. */
const opening = /^---[ \t]*\n/;
const closing = /(?:^|\n)---[ \t]*(?:\n|$)/;

/**
 * Reads the text of an agent file; `path` is what complaints call it. The empty line after the front matter and the
 * line end at the end of the file are the file's; everything else after the front matter is the prompt.
 * @throws CommandError with the line of what is wrong.
 */
export function parseAgentFile(text: string, path: string): AgentFields {
  const { yaml, body } = split(text, path);
  return agentFields({ ...readFrontMatter(yaml, path), system: body.replace(/^\n/, '').replace(/\n$/, '') });
}

/**
 * Writes an agent as a file. Where there is a file already, its comments and its order stay, and only what differs is
 * written anew; `over` is its text.
 * @throws CommandError when that cannot be read.
 */
export function writeAgentFile(fields: AgentFields, over: string | null = null): string {
  const before = over === null ? null : parseAgentFile(over, 'the file');
  const document = over === null ? new Document({}) : parseDocument(split(over, 'the file').yaml);
  for (const key of keys) {
    if (before !== null && canonicalJson(before[key]) === canonicalJson(fields[key])) continue;
    if (isNothing(fields[key])) document.delete(key);
    else document.set(key, nodeOf(document, key === 'model' ? shortModel(fields.model) : fields[key]));
  }
  const prompt = fields.system === null ? '' : `\n${fields.system}\n`;
  return `---\n${document.toString({ lineWidth: 0 })}---\n${prompt}`;
}

/** A file whose first line ends with CRLF has its lines ended so by an editor or by Git, all of them. */
function split(text: string, path: string): { readonly yaml: string; readonly body: string } {
  const unified = /^---[ \t]*\r\n/.test(text) ? text.replaceAll('\r\n', '\n') : text;
  const start = opening.exec(unified);
  if (start === null) {
    const shape = 'a line ---, the fields of the agent, another line ---, and then the prompt';
    throw new CommandError(`${path}, line 1: an agent file begins with ${shape}`);
  }
  const rest = unified.slice(start[0].length);
  const end = closing.exec(rest);
  if (end === null) throw new CommandError(`${path}: the line --- after the fields of the agent is missing`);
  return { yaml: rest.slice(0, end.index + 1), body: rest.slice(end.index + end[0].length) };
}

function readFrontMatter(yaml: string, path: string): Fields {
  const lineCounter = new LineCounter();
  const document = parseDocument(yaml, { lineCounter, prettyErrors: false });
  // The first line of the file is the marker.
  const lineAt = (offset: number): number => lineCounter.linePos(offset).line + 1;
  const complain = (line: number, text: string) => new CommandError(`${path}, line ${line}: ${text}`);
  const [error] = document.errors;
  if (error !== undefined) throw complain(lineAt(error.pos[0]), sentenceOf(error));
  const { contents } = document;
  if (!isMap(contents))
    throw complain(2, 'the fields of an agent must be a map, at least with name and model');
  const lines = new Map<unknown, number>();
  for (const { key } of contents.items) {
    const name = isScalar(key) ? key.value : null;
    const line = isScalar(key) && key.range != null ? lineAt(key.range[0]) : 2;
    if (!keys.some((one) => one === name)) throw complain(line, unknownKey(String(name ?? key)));
    lines.set(name, line);
  }
  const fields = valuesOf(document, path);
  for (const key of keys) {
    if (isExpected(key, fields[key])) continue;
    const line = lines.get(key);
    if (line !== undefined) throw complain(line, `${key}: must be ${expectations[key]}`);
    throw new CommandError(`${path}: ${key} is missing; it must be ${expectations[key]}`);
  }
  return fields;
}

function valuesOf(document: Document, path: string): Fields {
  try {
    return document.toJS() as Fields;
  } catch (error) {
    throw new CommandError(`${path}: ${sentenceOf(error)}`, { cause: error });
  }
}

function unknownKey(key: string): string {
  if (key === 'system') return 'system: the prompt is what stands after the front matter';
  return `${key}: unknown; the fields of an agent are ${keys.join(', ')}`;
}

/** What is inside of lists and maps, the server knows best. */
function isExpected(key: Key, value: unknown): boolean {
  const isText = (text: unknown): text is string => typeof text === 'string';
  if (key === 'name') return isText(value) && value !== '';
  if (key === 'model') return (isText(value) && value !== '') || (isFields(value) && isText(value['id']));
  if (value === null || value === undefined) return true;
  if (key === 'description') return isText(value);
  if (key === 'metadata') return isFields(value) && Object.values(value).every(isText);
  return key === 'multiagent' || key === 'execution_identity' ? isFields(value) : Array.isArray(value);
}

/** Blocks of text lose some of the spaces at their ends, so that what has any there is quoted. */
function nodeOf(document: Document, value: unknown): Node {
  const node = document.createNode(value);
  visit(node, {
    Scalar(_key, scalar) {
      if (typeof scalar.value === 'string' && /^\s|\s$|[ \t\r]\n/.test(scalar.value))
        scalar.type = 'QUOTE_DOUBLE';
    },
  });
  return node;
}

function shortModel(model: AgentFields['model']): unknown {
  return Object.keys(model).length === 1 ? model.id : model;
}
