import type { DocumentBlock, FileSource, ImageBlock, ResultBlock } from '../core/content.ts';

/** The blocks that an event holds, of whatever type it is. */
export function blocksOf(event: object): readonly ResultBlock[] {
  return 'content' in event ? ((event.content ?? []) as readonly ResultBlock[]) : [];
}

/** Whether a block names a file in place of what it shows. */
export function isOfFile(block: ResultBlock): block is ImageBlock<FileSource> | DocumentBlock<FileSource> {
  return (block.type === 'image' || block.type === 'document') && block.source.type === 'file';
}

/** The ids of the files that events name, each once. */
export function filesIn(events: readonly object[]): string[] {
  const ids = events.flatMap((event) => blocksOf(event).filter(isOfFile));
  return [...new Set(ids.map(({ source }) => source.file_id))];
}
