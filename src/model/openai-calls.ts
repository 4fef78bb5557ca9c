import type { ToolUse } from './model.ts';
import { jsonObject, readToolInput, toolInput } from './tool-input.ts';

/** A piece of a call, as a chunk has it. Every field may be missing: the server may be anyone's. */
export type CallPiece = {
  readonly index?: unknown;
  readonly id?: unknown;
  readonly function?: { readonly name?: unknown; readonly arguments?: unknown } | null;
};

type Call = {
  readonly index: unknown;
  readonly id: string;
  readonly name: string;
  json: string;
  whole: unknown;
};

/**
 * Puts the calls of a streamed reply together. The protocol numbers the calls, and sends id and name with the first
 * piece of each. Of the compatible servers, some number all calls 0, some send no number or no id, some repeat the
 * name with every piece, and some send the arguments as an object.
 */
export function callReader(): {
  /** Takes the pieces of one chunk. Gives false when they are of no known shape. */
  readonly take: (pieces: unknown) => boolean;
  /** The calls in order. `cutOff` tells that the model was stopped while it wrote, so that the last one may lack a part. */
  readonly end: (reply: { readonly cutOff: boolean }) => readonly ToolUse[];
} {
  const calls: Call[] = [];

  const takePiece = (piece: CallPiece): boolean => {
    const id = textOf(piece.id);
    const name = textOf(piece.function?.name);
    const json = piece.function?.arguments;
    const numbered = typeof piece.index === 'number';
    let call = numbered ? calls.findLast(({ index }) => index === piece.index) : calls.at(-1);
    if (call === undefined || beginsAnother(call, { id, name })) {
      if (name === '') return false;
      call = { index: piece.index, id, name, json: '', whole: undefined };
      calls.push(call);
    }
    if (typeof json === 'string') call.json += json;
    else if (json !== undefined && json !== null) call.whole = json;
    return true;
  };
  return {
    take: (pieces) =>
      Array.isArray(pieces) &&
      pieces.every((piece: unknown) => takePiece((jsonObject(piece) ?? {}) as CallPiece)),
    end: ({ cutOff }) =>
      calls.map((call) => {
        const input = call.whole === undefined ? readToolInput(call.json) : toolInput(call.whole);
        return { name: call.name, input: cutOff && call === calls.at(-1) ? null : input };
      }),
  };
}

/** Whether a piece that seems to go on with a call begins another one: by its id, else by a name after arguments. */
function beginsAnother(call: Call, piece: { readonly id: string; readonly name: string }): boolean {
  if (piece.id !== '' && call.id !== '') return piece.id !== call.id;
  return piece.name !== '' && (call.json !== '' || call.whole !== undefined);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
