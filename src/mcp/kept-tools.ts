import type { Clock } from '../core/clock.ts';
import type { McpTool } from './tool-list.ts';
import { orAborted } from './within.ts';

type Tools = readonly McpTool[];
type Deps = { readonly clock: Clock; readonly list: () => Promise<Tools> };

const keptUs = 60_000_000;

/** The tools of one connection: asked for once by all who want them at the same time, then kept for a minute. */
export type KeptTools = {
  tools(signal: AbortSignal): Promise<Tools>;
  /** They are others now: whoever wants them next asks. */
  forget(): void;
};

/** Keeps what `list` gives. Nothing is kept of a list that was asked for before they were forgotten. */
export function createKeptTools({ clock, list }: Deps): KeptTools {
  let kept: { readonly tools: Tools; readonly until: number } | null = null;
  let asked: Promise<Tools> | null = null;

  function ask(): Promise<Tools> {
    const asking = list().then(
      (tools) => {
        if (asked === asking) kept = { tools, until: clock.now() + keptUs };
        if (asked === asking) asked = null;
        return tools;
      },
      (error: unknown) => {
        if (asked === asking) asked = null;
        throw error;
      },
    );
    asked = asking;
    return asking;
  }

  return {
    async tools(signal): Promise<Tools> {
      if (kept !== null && clock.now() < kept.until) return kept.tools;
      return orAborted(asked ?? ask(), signal);
    },

    forget(): void {
      kept = null;
      asked = null;
    },
  };
}
