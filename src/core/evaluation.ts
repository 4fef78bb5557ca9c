/** Where something stands that the server carries out by itself: an eval run, a comparison. */
export const jobStatuses = ['pending', 'running', 'completed', 'failed', 'canceled'] as const;
export type JobStatus = (typeof jobStatuses)[number];

/** Whether nothing more happens to something that stands so, unless somebody resumes it. */
export function isOver(status: JobStatus): boolean {
  return status !== 'pending' && status !== 'running';
}

/** A gate's answer. Only a bounded loss passes; `inconclusive` is not a pass. */
export const verdicts = ['pass', 'fail', 'inconclusive', 'error'] as const;
export type Verdict = (typeof verdicts)[number];

/** How much a group matters: the loss that is tolerated, and what a worse result does to the verdict. */
export const tiers = ['critical', 'supporting', 'advisory'] as const;
export type Tier = (typeof tiers)[number];

/** Any JSON value. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** How often each case is run where an eval does not say: small datasets need the repetitions more. */
export function usualEpochs(cases: number): number {
  return cases < 100 ? 5 : 3;
}

/** Where the answers of a recorded run come from: sessions of users, or copies of them that a candidate answered. */
export const recordings = ['production', 'shadow'] as const;
export type Recording = (typeof recordings)[number];

/** The name of the dataset that is made of what users said to an agent. */
export function recordedDataset(agentId: string): string {
  return `recorded.${agentId}`;
}

/** Where a shadow stands. The last two are for good. */
export const shadowStatuses = ['running', 'completed', 'stopped'] as const;
export type ShadowStatus = (typeof shadowStatuses)[number];
