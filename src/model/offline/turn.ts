import { documentHead, documentText, searchResultText } from '../block-text.ts';
import type { Message, ModelRequest, ToolResultBlock } from '../model.ts';

/** What has happened since the user last spoke. */
export type Turn = {
  /** The user's words, with those of text documents. */
  readonly text: string;
  /** What the user said in the turns before, oldest first. */
  readonly before: readonly string[];
  /** What the user sent that cannot be read, such as "an image"; each kind once. */
  readonly unseen: readonly string[];
  /** System messages of the whole conversation, in order. */
  readonly instructions: string;
  /** The calls that were made, with what came of them. */
  readonly done: readonly { readonly name: string; readonly is_error: boolean; readonly text: string }[];
};

/** Reads the turn that a request is about. */
export function readTurn({ messages }: ModelRequest): Turn {
  const start = messages.findLastIndex(speaks);
  const now = messages.slice(Math.max(0, start)).flatMap(({ content }): readonly Block[] => content);
  const names = new Map<string, string>();
  for (const block of now) if (block.type === 'tool_use') names.set(block.id, block.name);
  const said = (messages[start]?.content ?? []).filter((block) => block.type !== 'tool_result');
  return {
    text: textOf(said),
    before: messages.slice(0, Math.max(0, start)).filter(speaks).map(textOfMessage),
    unseen: [...new Set(said.flatMap(unseenIn))],
    instructions: messages
      .filter(({ role }) => role === 'system')
      .map(textOfMessage)
      .join('\n\n'),
    done: now.flatMap((block) => {
      const name = block.type === 'tool_result' ? names.get(block.tool_use_id) : undefined;
      if (block.type !== 'tool_result' || name === undefined) return [];
      return [{ name, is_error: block.is_error, text: resultText(block) }];
    }),
  };
}

type Block = Message['content'][number];

/** Whether a message says something of the user's own, and not only what tools have answered. */
function speaks({ role, content }: Message): boolean {
  return role === 'user' && content.some((block) => block.type !== 'tool_result');
}

/** All that a message says in words, results of tools among them. */
export function textOfMessage({ content }: Message): string {
  return textOf(content);
}

function textOf(content: readonly Block[]): string {
  return content.map(textOfBlock).filter(isSaid).join('\n');
}

function textOfBlock(block: Block): string {
  switch (block.type) {
    case 'text':
      return block.text;
    case 'search_result':
      return searchResultText(block);
    case 'document':
      return [documentHead(block), documentText(block) ?? ''].filter(isSaid).join('\n\n');
    case 'tool_result':
      return resultText(block);
    case 'tool_use':
    case 'image':
      return '';
    default:
      return block satisfies never;
  }
}

function resultText({ content }: ToolResultBlock): string {
  return [textOf(content), ...content.flatMap(unseenIn).map((what) => `(${what} that I cannot see)`)]
    .filter(isSaid)
    .join('\n');
}

function unseenIn(block: Block): readonly string[] {
  if (block.type === 'image') return ['an image'];
  return block.type === 'document' && documentText(block) === null ? ['a document'] : [];
}

function isSaid(text: string): boolean {
  return text !== '';
}
