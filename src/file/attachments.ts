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
const imageTypes = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'];

/** Puts uploaded files into the blocks that name them. */
export function createAttachments(files: Files) {
  /** The files that blocks name and that are there; those that fit are small enough to be read. */
  async function readable(named: readonly NamedBlock[]): Promise<Map<string, StoredFile>> {
    const found = await files.find(named.map(({ source }) => source.file_id));
    const readable = new Map(found.filter((file) => !files.isExpired(file)).map((file) => [file.id, file]));
    const bytes = named.reduce((sum, block) => {
      const file = readable.get(block.source.file_id);
      return file === undefined || formOf(block, file) === null ? sum : sum + file.size_bytes;
    }, 0);
    if (bytes > maxBytes) {
      throw new PawlError(
        'invalid_request',
        `file_id: the files of one model request may have ${maxBytes} bytes together, and these have ${bytes}`,
      );
    }
    return readable;
  }

  async function put(block: NamedBlock, found: ReadonlyMap<string, StoredFile>): Promise<ReadyBlock> {
    const id = block.source.file_id;
    const file = found.get(id);
    if (file === undefined) return gone(id);
    const how = formOf(block, file);
    if (how === null) {
      return {
        type: 'text',
        text: `The file ${id} is of the type ${file.mime_type}, which cannot be shown here.`,
      };
    }
    const bytes = await bytesOf(id);
    return bytes === null ? gone(id) : ({ ...block, source: sourceOf(how, bytes, file) } as ReadyBlock);
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
     * The blocks of one model request with the files in them that they name. A file that is no longer there, or is
     * of a type that the block cannot hold, becomes a sentence that says so: a history that names it must not fail
     * for ever.
     * @throws PawlError `invalid_request` when the files have more than 20 MiB together, `file_storage_unavailable`
     */
    async ready(blocks: readonly ResultBlock[]): Promise<readonly ReadyBlock[]> {
      const named = blocks.filter(namesFile);
      if (named.length === 0) return blocks as readonly ReadyBlock[];
      const found = await readable(named);
      const ready: ReadyBlock[] = [];
      // One after the other, so that no more than one of them is held twice.
      for (const block of blocks)
        ready.push(namesFile(block) ? await put(block, found) : (block as ReadyBlock));
      return ready;
    },
  };
}

export type Attachments = ReturnType<typeof createAttachments>;

function namesFile(block: ResultBlock): block is NamedBlock {
  return (block.type === 'image' || block.type === 'document') && block.source.type === 'file';
}

function gone(id: string): TextBlock {
  return { type: 'text', text: `The file ${id} is no longer there.` };
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
