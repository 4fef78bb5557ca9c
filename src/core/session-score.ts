/** What may name a score: `score:` and this is a metric of rollouts. */
export const scoreNamePattern: RegExp = /^[a-z][a-z0-9_-]{0,62}$/;

/** What else to say of a name that is none. */
export const scoreNameRule =
  'must begin with a small letter and have at most 63 small letters, digits, dashes and underscores';

/** Who gave a score: the application over the API, or a scorer of a rollout. */
export const scoreSources = ['api', 'scorer'] as const;
export type ScoreSource = (typeof scoreSources)[number];
