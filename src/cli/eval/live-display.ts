import { isOver } from '../../core/evaluation.ts';
import { plain } from '../../core/plain-text.ts';
import type { EvalRun } from '../../eval/result.ts';
import { type BlockScreen, createScreenBlock } from '../screen-block.ts';
import { progressLine, progressSentence, type RunProgress, settledItself } from './run-progress.ts';

/** Shows how far runs have come, while they run. */
export type LiveDisplay = {
  /** What is known now. */
  show(runs: readonly EvalRun[]): void;
  /** Draws again, because time has passed. */
  tick(): void;
  /** Takes the lines away, or leaves them where lines cannot be taken back. */
  finish(): void;
};

type Screen = BlockScreen & { readonly isTTY?: boolean };

type Options = {
  readonly screen: Screen;
  /** Milliseconds from any beginning. */
  readonly now: () => number;
};

/** On a terminal, a line for each run that is drawn over; elsewhere, a line at each quarter of a run. */
export function createLiveDisplay({ screen, now }: Options): LiveDisplay {
  return screen.isTTY === true ? terminalDisplay(screen, now) : logDisplay(screen);
}

const shortestBetweenDrawsMs = 100;

function terminalDisplay(screen: Screen, now: () => number): LiveDisplay {
  const seen = new Map<string, { readonly at: number; readonly settled: number; over_at: number | null }>();
  let runs: readonly EvalRun[] = [];
  let drawnAt = Number.NEGATIVE_INFINITY;
  const block = createScreenBlock(screen);
  const draw = (): void => {
    block.draw(runs.map((run) => plain(progressLine(progressOf(run), block.width()))));
    drawnAt = now();
  };
  const progressOf = (run: EvalRun): RunProgress => {
    const { id, agent_version, counts } = run;
    const first = seen.get(id) ?? { at: now(), settled: settledItself(counts), over_at: null };
    if (isOver(run.status)) first.over_at ??= now();
    seen.set(id, first);
    return {
      ...{ version: agent_version, counts },
      elapsed_ms: (first.over_at ?? now()) - first.at,
      settled_before: first.settled,
    };
  };
  return {
    show(next) {
      runs = next;
      if (now() - drawnAt >= shortestBetweenDrawsMs) draw();
    },
    tick: draw,
    finish: block.erase,
  };
}

const quarters = 4;

function logDisplay(screen: Screen): LiveDisplay {
  const reached = new Map<string, number>();
  return {
    show(runs) {
      for (const { id, agent_version, counts } of runs) {
        const settled = counts.done + counts.errors;
        const quarter = counts.total === 0 ? 0 : Math.floor((settled * quarters) / counts.total);
        if (quarter <= (reached.get(id) ?? 0)) continue;
        reached.set(id, quarter);
        screen.write(`${plain(progressSentence({ version: agent_version, counts }))}\n`);
      }
    },
    tick() {},
    finish() {},
  };
}
