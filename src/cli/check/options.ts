import type { InconclusiveAs } from '../eval/ending.ts';
import type { BaseOptions } from '../pin/base-pins.ts';

/** How `pawl check` gives its result. */
export const checkFormats = ['table', 'json', 'markdown', 'junit'] as const;

/** What `pawl check` is told. */
export type CheckOptions = BaseOptions & {
  readonly file: string;
  readonly eval?: string;
  /** False only looks for evidence. */
  readonly run: boolean;
  readonly url?: string;
  readonly endpoint?: string;
  readonly output: (typeof checkFormats)[number];
  readonly markdown?: string;
  readonly junit?: string;
  readonly inconclusiveAs?: InconclusiveAs;
};
