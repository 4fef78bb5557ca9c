import type { LiveMetric } from '../../../../src/core/rollout.ts';

/** What becomes of the rollout when the candidate is worse in something. */
export type WatchKind = 'guardrail' | 'signal' | 'none';

/** Something that can be watched, as it is typed. */
export type WatchDraft = {
  readonly metric: LiveMetric;
  readonly kind: WatchKind;
  /** How much worse the candidate may be: in points of a hundred, or percent of what there is now. */
  readonly margin: string;
};

/** What is proposed, as the server would have it. */
export function usualWatch(): WatchDraft[] {
  return [
    { metric: 'failures', kind: 'guardrail', margin: '5' },
    { metric: 'refusals', kind: 'signal', margin: '5' },
    { metric: 'latency', kind: 'signal', margin: '25' },
    { metric: 'cost', kind: 'signal', margin: '25' },
    { metric: 'tokens', kind: 'none', margin: '25' },
  ];
}

type Check = { readonly metric: LiveMetric; readonly margin: number };

/** The same as the server takes it, or what is wrong with it. */
export function readWatch(
  drafts: readonly WatchDraft[],
): { readonly guardrails: readonly Check[]; readonly signals: readonly Check[] } | string {
  const wrong = drafts.find(({ kind, margin }) => kind !== 'none' && !(margin !== '' && Number(margin) >= 0));
  if (wrong !== undefined) return `The margin of ${wrong.metric} has to be a number, 0 or more`;
  const of = (wanted: WatchKind): Check[] =>
    drafts
      .filter(({ kind }) => kind === wanted)
      .map(({ metric, margin }) => ({ metric, margin: Number(margin) / 100 }));
  const guardrails = of('guardrail');
  if (guardrails.length === 0)
    return 'One guardrail is needed at least: it takes the candidate back when it is worse';
  return { guardrails, signals: of('signal') };
}
