import { dirname, resolve } from 'node:path';
import type { Role } from '../../eval/dataset/columns.ts';
import { CommandError } from '../command-error.ts';
import type { DatasetUpload } from '../dataset/upload.ts';
import { parseYaml, readText } from '../yaml-file.ts';

/** What stands in an eval file. */
export type EvalFile = {
  /** As the server takes it: a dataset is called by its name. */
  readonly definition: Readonly<Record<string, unknown>>;
  /** Null when the eval names a dataset that the server has. */
  readonly dataset: DatasetUpload | null;
  /** Where the file lies, and where its scorer modules are. */
  readonly folder: string;
  /** Whether scorers of it are modules. */
  readonly has_modules: boolean;
  /** The URLs of its scorers that are asked over HTTP. */
  readonly scorer_urls: readonly string[];
};

type Fields = Readonly<Record<string, unknown>>;

const maxBytes = 1024 * 1024;

/** Whether what was named is a file; anything else is the name of an eval that the server has. */
export function namesFile(source: string): boolean {
  return /\.(ya?ml|json)$/i.test(source) || /[\\/]/.test(source);
}

/** Reads an eval file. @throws CommandError that names the file, and the line or the field. */
export function readEvalFile(path: string): EvalFile {
  return parseEvalFile(readText(path), path);
}

/** Reads the text of an eval file; `path` is what complaints call it. @throws CommandError as `readEvalFile`. */
export function parseEvalFile(text: string, path: string): EvalFile {
  if (text.length > maxBytes) throw new CommandError(`${path} is larger than 1 MiB, which no eval needs`);
  const fields = parseYaml(text, path);
  if (!isMap(fields)) throw new CommandError(`${path}: must be a map with the fields of an eval`);
  const { dataset, ...rest } = fields;
  const folder = resolve(dirname(path));
  const found = { folder, ...ownScorers(fields['scorers']) };
  if (!isMap(dataset) || !('file' in dataset)) return { definition: fields, dataset: null, ...found };
  const file = readDataset(dataset, { path, folder, eval_name: fields['name'] });
  return { definition: { ...rest, dataset: file.name }, dataset: file, ...found };
}

/** In a record, so that none can be forgotten. */
const roles: { readonly [R in Role]: true } = {
  id: true,
  input: true,
  target: true,
  group: true,
  cluster: true,
  weight: true,
  must_pass: true,
  split: true,
};

function readDataset(
  fields: Fields,
  {
    path,
    folder,
    eval_name,
  }: { readonly path: string; readonly folder: string; readonly eval_name: unknown },
): DatasetUpload {
  const complain = (field: string, allowed: string) =>
    new CommandError(`${path}: dataset${field}: ${allowed}`);
  const { file, name = eval_name, columns = {}, ...others } = fields;
  const [other] = Object.keys(others);
  if (other !== undefined) throw complain(`.${other}`, 'unknown; beside file there may be name and columns');
  if (typeof file !== 'string' || file === '')
    throw complain('.file', 'must be the path of a .jsonl or .csv file');
  if (typeof name !== 'string') throw complain('.name', 'must be text, where the eval has no name');
  if (!isMap(columns))
    throw complain('.columns', 'must be a map from roles to columns, as in {target: team}');
  for (const [role, column] of Object.entries(columns)) {
    if (!Object.hasOwn(roles, role)) {
      throw complain(`.columns.${role}`, `unknown role; the roles are ${Object.keys(roles).join(', ')}`);
    }
    if (typeof column !== 'string') throw complain(`.columns.${role}`, 'must be the name of a column');
  }
  return { path: resolve(folder, file), name, columns };
}

/** The scorers that are the user's own code. What else is wrong with scorers, the server says. */
function ownScorers(scorers: unknown): Pick<EvalFile, 'has_modules' | 'scorer_urls'> {
  const list = (Array.isArray(scorers) ? scorers : []).filter(isMap);
  return {
    has_modules: list.some(({ type }) => type === 'module'),
    scorer_urls: list.flatMap(({ type, url }) => (type === 'http' && typeof url === 'string' ? [url] : [])),
  };
}

function isMap(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
