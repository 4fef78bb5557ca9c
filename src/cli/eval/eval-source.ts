import type { EvalResponse } from '../../api/evals.ts';
import { sha256 } from '../../core/canonical.ts';
import { callServer, RefusedError, type ServerAccess } from '../api-client.ts';
import { CommandError } from '../command-error.ts';
import { type DatasetUpload, uploadDataset } from '../dataset/upload.ts';
import { shortHash, sizeInWords } from '../dataset/words.ts';
import type { EmbeddedOptions } from '../embedded.ts';
import { settingsHere } from '../environment.ts';
import type { CommandFlags } from './command-line.ts';
import { type EvalFile, namesFile, readEvalFile } from './eval-file.ts';
import { note } from './note.ts';

/** What commands that run an eval are told about it. */
export type EvalOptions = {
  readonly url?: string;
  readonly endpoint?: string;
  readonly datasetRevision?: string;
};

/** An eval as the user names it: a file, or the name or id of one that the server has. */
export type EvalSource = {
  readonly name: string;
  /** Null when the server has it. */
  readonly file: EvalFile | null;
  /** What an embedded server has to be told for it. */
  readonly embedded: EmbeddedOptions;
  /** What later commands about its runs need. */
  readonly flags: CommandFlags;
};

/** Reads what the user names, and nothing of a server yet. @throws CommandError */
export function openEvalSource(name: string, options: EvalOptions): EvalSource {
  const file = namesFile(name) ? readEvalFile(name) : null;
  const needsFile = file !== null && (file.has_modules || file.scorer_urls.length > 0);
  const { url, endpoint } = options;
  const flags = { url, endpoint, file: needsFile ? name : undefined };
  return { name, file, embedded: embeddedOptions(file, endpoint), flags };
}

/** What a server of this process has to be told. @throws CommandError when the endpoint cannot be used. */
export function embeddedOptions(file: EvalFile | null, endpoint: string | undefined): EmbeddedOptions {
  return {
    ...(file === null ? {} : { scorer_dir: file.folder, scorer_urls: file.scorer_urls }),
    ...(endpoint === undefined ? {} : { endpoint: endpointAt(endpoint) }),
  };
}

/**
 * The endpoint at a URL, with the key from the environment. Evals call it by a hash of its URL, so that the same eval
 * at another URL is another revision, and no run or comparison of the one is evidence at the other.
 */
function endpointAt(stated: string): NonNullable<EmbeddedOptions['endpoint']> {
  const parsed = URL.parse(stated);
  const url = parsed?.href.replace(/\/+$/, '') ?? '';
  if (!/^https?:$/.test(parsed?.protocol ?? '') || url.includes(',')) {
    throw new CommandError(`--endpoint: ${stated} is not a URL that starts with http:// or https://`);
  }
  const { endpoint_key } = settingsHere();
  const name = `endpoint-${sha256(url).slice(0, hashLength)}`;
  if (endpoint_key !== null) return { name, url, key: endpoint_key };
  throw new CommandError(
    '--endpoint needs the API key of that endpoint; set PAWL_ENDPOINT_KEY or ANTHROPIC_API_KEY',
  );
}

/** As much of a hash as keeps URLs apart. */
const hashLength = 16;

/** An eval that the server has now, and the dataset revision that its file stands for; null leaves it to the eval. */
export type ReadyEval = { readonly eval: EvalResponse; readonly dataset_revision: string | null };

/** Brings the eval of a source onto the server, with its dataset. @throws CommandError */
export async function readyEval(
  access: ServerAccess,
  { name, file, embedded }: EvalSource,
  { datasetRevision }: EvalOptions,
): Promise<ReadyEval> {
  const stated = datasetRevision ?? null;
  const endpoint = embedded.endpoint?.name;
  if (file === null) {
    const found = await retrieveEval(access, name);
    if (endpoint !== undefined && found.definition.endpoint !== endpoint) {
      throw new CommandError(
        `--endpoint needs the file of the eval; ${name} is only its name, and of an eval that does not run at that endpoint`,
      );
    }
    return { eval: found, dataset_revision: stated };
  }
  const dataset_revision =
    file.dataset === null || stated !== null ? stated : await bringDataset(access, file.dataset);
  const body = { ...file.definition, ...(endpoint === undefined ? {} : { endpoint }) };
  const put = await callServer<EvalResponse>(access, { method: 'POST', path: '/pawl/v1/evals', body });
  return { eval: put, dataset_revision };
}

/** An eval of the server. @throws CommandError that says where names come from, when there is none. */
export async function retrieveEval(access: ServerAccess, idOrName: string): Promise<EvalResponse> {
  const path = `/pawl/v1/evals/${encodeURIComponent(idOrName)}`;
  try {
    return await callServer<EvalResponse>(access, { method: 'GET', path });
  } catch (error) {
    if (!(error instanceof RefusedError && error.status === 404)) throw error;
    const hint = '`pawl eval list` shows those that there are, and a file is named with its ending, .yaml';
    throw new CommandError(`${error.message}; ${hint}`, { cause: error });
  }
}

async function bringDataset(access: ServerAccess, upload: DatasetUpload): Promise<string | null> {
  const { revision, unchanged, name } = await uploadDataset(access, upload);
  if (revision === null) return null;
  const state = unchanged ? 'unchanged' : 'new';
  note(`Dataset ${name}: ${sizeInWords(revision)}, revision ${shortHash(revision)}, ${state}.`);
  return revision.id;
}
