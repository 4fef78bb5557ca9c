import { buffer } from 'node:stream/consumers';
import type {
  Base64Source,
  DocumentBlock,
  FileSource,
  ImageBlock,
  PlainTextSource,
  ReadyBlock,
  ResultBlock,
  TextBlock,
} from '../core/content.ts';
import { PawlError } from '../core/errors.ts';
import type { StoredFile } from './file.ts';
import type { Files } from './files.ts';
import { storageFailure } from './storage-failure.ts';

/** What stands in a block in place of a file: its bytes or its text. */
type Content = Base64Source | PlainTextSource;
type NamedBlock = ImageBlock<FileSource> | DocumentBlock<FileSource>;

/** What the files of one model request may have together, in bytes, each as often as it is named. */
const maxBytes = 20 * 1024 * 1024;
/** What model providers take of one image, which is 5 MB of base64. */
const maxImageBytes = 3_750_000;
const imageTypes = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'];

/** Puts uploaded files into the blocks that name them. */
export function createAttachments(files: Files) {
  /** The files that blocks name and that are there. */
  async function present(named: readonly NamedBlock[]): Promise<Map<string, StoredFile>> {
    const found = await files.find(named.map(({ source }) => source.file_id));
    return new Map(found.filter((file) => !files.isExpired(file)).map((file) => [file.id, file]));
  }

  async function put(block: NamedBlock, use: Use): Promise<ReadyBlock> {
    const id = block.source.file_id;
    if (use.kind === 'gone') return instead(`The file ${id} is no longer there.`);
    if (use.kind === 'unfit') return instead(`The file ${id} ${use.why}.`);
    if (use.kind === 'left_out')
      return instead(`The file ${id} is left out, because newer files take up all the room.`);
    const bytes = await bytesOf(id);
    return bytes === null
      ? instead(`The file ${id} is no longer there.`)
      : ({ ...block, source: sourceOf(use.how, bytes, use.file) } as ReadyBlock);
  }

  /** Null when the file was deleted, or came to its end, a moment ago. */
  async function bytesOf(id: string): Promise<Buffer | null> {
    try {
      const opened = await files.open(id);
      return await buffer(opened.bytes);
    } catch (error) {
      const isGone = error instanceof PawlError && ['file_not_found', 'file_expired'].includes(error.code);
      if (isGone) return null;
      throw storageFailure(error);
    }
  }

  return {
    /**
     * The blocks of one model request with the files in them that they name. A file that is no longer there, that the
     * block cannot hold, or that has no room among the 20 MiB that the newest take, becomes a sentence that says so: a
     * history that names it must not fail for ever.
     * @throws PawlError `file_storage_unavailable`
     */
    async ready(blocks: readonly ResultBlock[]): Promise<readonly ReadyBlock[]> {
      const named = blocks.filter(namesFile);
      if (named.length === 0) return blocks as readonly ReadyBlock[];
      const uses = usesOf(named, await present(named));
      const ready: ReadyBlock[] = [];
      // One after the other, so that no more than one of them is held twice.
      for (const block of blocks) {
        const use = namesFile(block) ? uses.get(block) : undefined;
        ready.push(use === undefined ? (block as ReadyBlock) : await put(block as NamedBlock, use));
      }
      return ready;
    },
  };
}

export type Attachments = ReturnType<typeof createAttachments>;

function namesFile(block: ResultBlock): block is NamedBlock {
  return (block.type === 'image' || block.type === 'document') && block.source.type === 'file';
}

function instead(text: string): TextBlock {
  return { type: 'text', text };
}

/** What becomes of a file that a block names. */
type Use =
  | { readonly kind: 'gone' }
  /** `why` goes on from "The file …". */
  | { readonly kind: 'unfit'; readonly why: string }
  | { readonly kind: 'left_out' }
  | { readonly kind: 'put'; readonly file: StoredFile; readonly how: Content['type'] };

/** Which files are put in: the newest, as many as have room, because the last that was said is what is asked about. */
function usesOf(
  named: readonly NamedBlock[],
  present: ReadonlyMap<string, StoredFile>,
): Map<NamedBlock, Use> {
  const uses = new Map<NamedBlock, Use>();
  let room = maxBytes;
  for (const block of named.toReversed()) {
    const file = present.get(block.source.file_id);
    const use = file === undefined ? ({ kind: 'gone' } as const) : useOf(block, file, room);
    if (use.kind === 'put') room -= use.file.size_bytes;
    uses.set(block, use);
  }
  return uses;
}

/** Providers refuse a whole request for one block that is empty, too large, or of another type. */
function useOf(block: NamedBlock, file: StoredFile, room: number): Use {
  const { mime_type, size_bytes } = file;
  const how = formOf(block, file);
  if (how === null) return { kind: 'unfit', why: `is of the type ${mime_type}, which cannot be shown here` };
  if (size_bytes === 0) return { kind: 'unfit', why: 'is empty' };
  if (block.type === 'image' && size_bytes > maxImageBytes) {
    return { kind: 'unfit', why: `is larger than the ${maxImageBytes} bytes that an image may have` };
  }
  return size_bytes > room ? { kind: 'left_out' } : { kind: 'put', file, how };
}

/** How a block can hold a file; null when it cannot. */
function formOf({ type }: NamedBlock, { mime_type }: StoredFile): Content['type'] | null {
  if (type === 'image') return imageTypes.includes(mime_type) ? 'base64' : null;
  if (mime_type === 'application/pdf') return 'base64';
  return mime_type.startsWith('text/') || mime_type === 'application/json' ? 'text' : null;
}

function sourceOf(how: Content['type'], bytes: Buffer, { mime_type }: StoredFile): Content {
  return how === 'base64'
    ? { type: 'base64', media_type: mime_type, data: bytes.toString('base64') }
    : { type: 'text', media_type: 'text/plain', data: new TextDecoder().decode(bytes) };
}
