/** How much thinking a model is asked to spend, from least to most. The words are the API's own. */
export const effortLevels = ['low', 'medium', 'high', 'xhigh', 'max'] as const;
export type Effort = (typeof effortLevels)[number];

/** What a model gets when nobody says otherwise; providers are not told about it. */
export const defaultEffort: Effort = 'high';
