import type { RolloutResponse } from '../../api/rollouts.ts';
import { type BlockScreen, createScreenBlock } from '../screen-block.ts';
import { rolloutChanges } from './rollout-changes.ts';
import { rolloutStanding } from './rollout-standing.ts';

/** Shows how a rollout stands, while it does. */
export type RolloutDisplay = {
  show(rollout: RolloutResponse): void;
  /** Takes away what is drawn over; lines of a log stay. */
  finish(): void;
};

/** On a terminal, a block that is drawn over; elsewhere, a line for each change. */
export function createRolloutDisplay(
  screen: BlockScreen & { readonly isTTY?: boolean },
  { url }: { readonly url: string | undefined },
): RolloutDisplay {
  if (screen.isTTY === true) {
    const block = createScreenBlock(screen);
    return {
      show(rollout) {
        const { head, checks, next } = rolloutStanding(rollout, { url, ending: null });
        block.draw([...head.flatMap((line) => wrapped(line, block.width())), '', ...checks, '', ...next]);
      },
      finish: block.erase,
    };
  }
  let last: RolloutResponse | null = null;
  return {
    show(rollout) {
      for (const line of rolloutChanges(last, rollout)) screen.write(`${line}\n`);
      last = rollout;
    },
    finish() {},
  };
}

/** A line as several, none longer than it may be unless by one word. */
function wrapped(line: string, width: number): string[] {
  const lines = [''];
  for (const word of line.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last === '') lines[lines.length - 1] = word;
    else if (last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
