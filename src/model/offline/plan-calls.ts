import type { JsonObject } from '../../core/tools.ts';
import type { ToolDefinition, ToolUse } from '../model.ts';
import { readToolInput } from '../tool-input.ts';
import { fillInput } from './fill-input.ts';
import { readInput } from './input.ts';
import { type ToldTool, toldTools } from './told-tools.ts';
import type { Turn } from './turn.ts';

/** What is called next, and why some tool that was asked for is not: a sentence each. */
export type Plan = { readonly calls: readonly ToolUse[]; readonly notes: readonly string[] };

/**
 * Plans the calls that the prompt, or the user, tells the model to make in this turn and that have no result yet. Each
 * tool is called once in a turn; those that are told to wait for others are called when those have answered.
 */
export function planCalls(
  tools: readonly ToolDefinition[],
  said: { readonly system: string | null; readonly turn: Turn },
): Plan {
  const { turn } = said;
  if (tools.length === 0) return { calls: [], notes: [] };
  const told = toldTools(
    [said.system ?? '', turn.instructions, turn.text].join('\n\n'),
    tools.map(({ name }) => name),
    readInput(turn.text),
  );
  const calls: ToolUse[] = [];
  const notes: string[] = [];
  for (const one of told) {
    const tool = tools.find(({ name }) => name === one.name);
    if (tool === undefined || turn.done.some(({ name }) => name === one.name)) continue;
    if (one.after && calls.length > 0) break;
    const filled = inputFor(one, { tool, told, turn });
    if ('input' in filled) calls.push({ name: one.name, input: filled.input });
    else
      notes.push(`${one.name} was not called, since nothing says what its ${filled.missing.join(', ')} is.`);
  }
  return { calls, notes };
}

/** An input that is written out behind the tool's name counts; else the user's words do, and then the results so far. */
function inputFor(
  one: ToldTool,
  of: { readonly tool: ToolDefinition; readonly told: readonly ToldTool[]; readonly turn: Turn },
): ReturnType<typeof fillInput> {
  const written = objectIn(one.rest);
  if (written !== null) return { input: written };
  const { tool, told, turn } = of;
  // The words of a tool's name are nobody's input.
  const text = told.reduce((words, { name }) => words.replaceAll(name, ' '), turn.text);
  const filled = fillInput(tool.input_schema, text);
  if ('input' in filled || turn.done.length === 0) return filled;
  return fillInput(tool.input_schema, [text, ...turn.done.map((done) => done.text)].join('\n'));
}

const longestObject = 4000;

/** The JSON object that a text writes out; null when there is none. */
function objectIn(text: string): JsonObject | null {
  const start = text.indexOf('{');
  const end = text.lastIndexOf('}');
  if (start < 0 || end < start || end - start > longestObject) return null;
  return readToolInput(text.slice(start, end + 1));
}
