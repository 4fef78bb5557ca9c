import type { ReadyBlock, ResultBlock, TextBlock } from '../core/content.ts';
import type { EventBody } from '../core/events.ts';
import type { Message, ToolResultBlock, ToolUseBlock } from '../model/model.ts';
import { failure } from './calls.ts';

/** An event of a history that a model reads. */
export type ConversationEvent = Extract<
  EventBody & { readonly id: string },
  {
    type:
      | 'user.message'
      | 'agent.message'
      | 'system.message'
      | 'agent.custom_tool_use'
      | 'user.custom_tool_result'
      | 'agent.mcp_tool_use'
      | 'agent.mcp_tool_result'
      | 'agent.tool_use'
      | 'agent.tool_result'
      | 'agent.thread_context_compacted';
  }
>;

/** The name under which a tool of an MCP server is offered to the model. */
type McpName = (server: string, tool: string) => string;

/**
 * What a model is told of a session: the words of the two sides in order, calls with their answers, and instead of all
 * that was compacted its summary. Neighbours of one side are joined. Answers stand right behind their calls, and a call
 * without one gets an error, because providers refuse anything else; an instruction that was given between them stands
 * behind the last. Blank text is left out for the same reason, and so
 * is a trailing agent message, which answers nothing that follows. Files have to be in their blocks already.
 */
export function transcript(events: readonly ConversationEvent[], mcpName: McpName): Message[] {
  return growingTranscript()(events, mcpName);
}

/**
 * The transcript of a conversation that grows, as {@link transcript} has it, of which each time only what is new is put
 * together. It is begun anew when there is a summary, or when a tool that was called is known by another name. All
 * messages but the last are the same objects as the time before, as long as it is not begun anew.
 */
export function growingTranscript(): typeof transcript {
  let draft: Draft | null = null;
  return (events, mcpName) => {
    if (draft?.goesOn(events, mcpName) !== true) draft = new Draft(events);
    draft.take(events, mcpName);
    return draft.finish();
  };
}

type Answer = { readonly content?: readonly ResultBlock[]; readonly is_error?: boolean };

type McpTool = { readonly server: string; readonly tool: string };

/** Messages as they come together. Only the last ever changes. */
class Draft {
  #messages: {
    role: Message['role'];
    content: (ReadyBlock | ToolResultBlock | ToolUseBlock)[];
  }[] = [];
  /** How many events were taken. */
  #taken = 0;
  /** What the tools of MCP servers that were called are named. */
  readonly #names = new Map<string, McpTool & { readonly name: string }>();
  /** The calls that have no answer yet, by their ids. */
  #open = new Set<string>();
  /** What was said to the model before the last of them had its answer. */
  #held: readonly TextBlock[] = [];

  constructor(events: readonly ConversationEvent[]) {
    const compacted = events.findLast((event) => event.type === 'agent.thread_context_compacted');
    if (compacted !== undefined) this.#user([summaryBlock(compacted.pawl.summary)]);
  }

  /** Whether these events go on from those that were taken. */
  goesOn(events: readonly ConversationEvent[], mcpName: McpName): boolean {
    const isNamed = [...this.#names.values()].every(
      ({ server, tool, name }) => mcpName(server, tool) === name,
    );
    return (
      isNamed && !events.slice(this.#taken).some(({ type }) => type === 'agent.thread_context_compacted')
    );
  }

  /** Takes those of the events that it has not taken yet. */
  take(events: readonly ConversationEvent[], mcpName: McpName): void {
    for (const event of events.slice(this.#taken)) this.#takeOne(event, mcpName);
    this.#taken = Math.max(this.#taken, events.length);
  }

  #takeOne(event: ConversationEvent, mcpName: McpName): void {
    switch (event.type) {
      case 'user.message':
        this.#user(withoutBlanks(event.content) as ReadyBlock[]);
        break;
      case 'system.message':
        this.#system(withoutBlanks(event.content));
        break;
      case 'agent.message':
        this.#assistant(withoutBlanks(event.content));
        break;
      case 'agent.custom_tool_use':
        this.#assistant([{ type: 'tool_use', id: event.id, name: event.name, input: event.input }]);
        break;
      case 'agent.tool_use':
        this.#assistant([{ type: 'tool_use', id: event.id, name: asName(event.name), input: event.input }]);
        break;
      case 'agent.mcp_tool_use': {
        const name = this.#nameOf({ server: event.mcp_server_name, tool: event.name }, mcpName);
        this.#assistant([{ type: 'tool_use', id: event.id, name, input: event.input }]);
        break;
      }
      case 'user.custom_tool_result':
        this.#answer(event.custom_tool_use_id, event);
        break;
      case 'agent.mcp_tool_result':
        this.#answer(event.mcp_tool_use_id, event);
        break;
      case 'agent.tool_result':
        this.#answer(event.tool_use_id, event);
        break;
      case 'agent.thread_context_compacted':
        break;
    }
  }

  #nameOf({ server, tool }: McpTool, mcpName: McpName): string {
    const name = mcpName(server, tool);
    this.#names.set(JSON.stringify([server, tool]), { server, tool, name });
    return name;
  }

  #user(blocks: readonly (ReadyBlock | ToolResultBlock)[]): void {
    this.#closeCalls();
    this.#add('user', blocks);
  }

  #system(blocks: readonly TextBlock[]): void {
    this.#held = [...this.#held, ...blocks];
    this.#release();
  }

  #assistant(blocks: readonly (TextBlock | ToolUseBlock)[]): void {
    // Nobody has asked for what an agent says first.
    if (this.#messages.length === 0) return;
    for (const block of blocks) if (block.type === 'tool_use') this.#open.add(block.id);
    this.#add('assistant', blocks);
  }

  /** An answer whose call is not there, because it was compacted, says nothing any more. */
  #answer(id: string, { content = [], is_error = false }: Answer): void {
    if (!this.#open.delete(id)) return;
    const said = withoutBlanks(content) as ReadyBlock[];
    this.#add('user', [{ type: 'tool_result', tool_use_id: id, is_error, content: said }]);
    this.#release();
  }

  /** All of it as it is now. More can be taken afterwards. */
  finish(): Message[] {
    const end = this.#copy();
    end.#closeCalls();
    if (end.#messages.at(-1)?.role === 'assistant') end.#messages.pop();
    return end.#messages as Message[];
  }

  #copy(): Draft {
    const copy = new Draft([]);
    copy.#messages = this.#messages.slice(0, -1);
    const last = this.#messages.at(-1);
    if (last !== undefined) copy.#messages.push({ role: last.role, content: [...last.content] });
    copy.#open = new Set(this.#open);
    copy.#held = this.#held;
    return copy;
  }

  #closeCalls(): void {
    for (const id of this.#open) {
      const unknown = failure('There is no result of this call.');
      this.#add('user', [{ type: 'tool_result', tool_use_id: id, ...unknown }]);
    }
    this.#open.clear();
    this.#release();
  }

  #release(): void {
    if (this.#open.size > 0) return;
    // Before the first message there is nothing that an instruction could stand in the middle of.
    this.#add(this.#messages.length > 0 ? 'system' : 'user', this.#held);
    this.#held = [];
  }

  #add(role: Message['role'], blocks: readonly (ReadyBlock | ToolResultBlock | ToolUseBlock)[]): void {
    if (blocks.length === 0) return;
    const last = this.#messages.at(-1);
    if (last?.role !== role) this.#messages.push({ role, content: [...blocks] });
    // One by one: a call takes only so many arguments.
    else for (const block of blocks) last.content.push(block);
  }
}

/** What a model calls may be no name of a tool, and providers would not take it back. */
function asName(called: string): string {
  return called.replaceAll(/[^\w-]/g, '_').slice(0, 64) || '_';
}

function summaryBlock(summary: string): TextBlock {
  return { type: 'text', text: `What was said before, in short:\n\n${summary}\n\nGo on from there.\n\n` };
}

function withoutBlanks<T extends { readonly type: string }>(blocks: readonly T[]): T[] {
  return blocks.filter((block) => !('text' in block) || String(block.text).trim() !== '');
}
