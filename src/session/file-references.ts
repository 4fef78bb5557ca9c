import type { ResultBlock } from '../core/content.ts';
import type { ClientEventBody } from '../core/events.ts';

/** The ids of the files that events name, each once. */
export function filesIn(events: readonly ClientEventBody[]): string[] {
  const ids = events.flatMap((event) => {
    const blocks: readonly ResultBlock[] = 'content' in event ? (event.content ?? []) : [];
    return blocks.flatMap(fileOf);
  });
  return [...new Set(ids)];
}

function fileOf(block: ResultBlock): string[] {
  const hasSource = block.type === 'image' || block.type === 'document';
  return hasSource && block.source.type === 'file' ? [block.source.file_id] : [];
}
