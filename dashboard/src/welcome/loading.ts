/** What of the example is there, each by its id or its name; what is absent is not yet there. */
export type Made = {
  readonly agent_id?: string;
  readonly environment_id?: string;
  readonly dataset?: string;
  readonly eval?: string;
  readonly served?: number;
  readonly newest?: number;
  readonly promotion_id?: string;
  readonly comparison_id?: string;
};

/** A part of the example. What its functions give is added to what is there. */
export type Step = {
  readonly title: string;
  /** Why it is made, for somebody who has never seen it. */
  readonly why: string;
  /** Where it can be looked at. */
  readonly to: (made: Made) => string;
  /** What was made before; null when it was not. */
  readonly find: (made: Made) => Promise<Made | null>;
  /** `model` is the one of the agent. */
  readonly make: (made: Made, model: string) => Promise<Made>;
};

/** How far it has come: so many steps from the first one on are done. */
export type Progress = { readonly made: Made; readonly done: number };

/** What is there already, up to the first step that is not done. Makes nothing. */
export async function look(steps: readonly Step[]): Promise<Progress> {
  let made: Made = {};
  for (const [at, step] of steps.entries()) {
    const found = await step.find(made);
    if (found === null) return { made, done: at };
    made = { ...made, ...found };
  }
  return { made, done: steps.length };
}

/** Makes what is not there, and tells of each step that is done. Begun again, it goes on where it broke off. */
export async function load(
  steps: readonly Step[],
  { model, onProgress }: { readonly model: string; readonly onProgress: (progress: Progress) => void },
): Promise<Progress> {
  let made: Made = {};
  for (const [at, step] of steps.entries()) {
    made = { ...made, ...((await step.find(made)) ?? (await step.make(made, model))) };
    onProgress({ made, done: at + 1 });
  }
  return { made, done: steps.length };
}
