import { z } from 'zod';
import type { ErrorCode } from '../../core/errors.ts';

/** What the operations are about, and what names one of them in a path. */
export const tags = {
  Datasets: { about: 'Sets of cases under a name.', id: 'The id of a dataset, `dset_…`, or its name.' },
  Evals: {
    about: 'What is asked, how it is scored, and what the scores must show.',
    id: 'The id of an eval, `eval_…`, or its name.',
  },
  'Eval runs': {
    about: 'One version against one dataset revision with one set of scorers.',
    id: 'The id of an eval run, `erun_…`.',
  },
  Comparisons: {
    about: 'Two runs set against each other, case by case, and what the gate says of it.',
    id: 'The id of a comparison, `cmp_…`.',
  },
  'Backtests and shadows': {
    about: 'What users have said, put to another version, which nobody sees the answers of.',
    id: 'The id of a shadow, `shdw_…`.',
  },
  Calibrations: { about: 'How a gate decides when nothing has changed.', id: 'The id of a calibration.' },
  Aliases: {
    about: 'Names for versions of an agent, such as `production`, that can be moved to another one.',
    id: 'The id of the agent, `agent_…`.',
  },
  Promotions: {
    about: 'Requests to move an alias to another version: measured, reviewed, and carried out in one move.',
    id: 'The id of a promotion, `promo_…`.',
  },
  Rollouts: {
    about:
      'Promotions that are carried out in steps: part of the traffic gets the candidate, and is watched.',
    id: 'The id of a rollout, `roll_…`.',
  },
  Overviews: {
    about:
      'Lists to look through: of agents, their versions and sessions, with what one wants to see at a glance.',
    id: 'The id of the agent, `agent_…`.',
  },
  Scores: { about: 'What sessions were worth.', id: 'The id of the session, `sesn_…`.' },
  Costs: { about: 'What sessions have cost at list prices.', id: 'The id of the agent, `agent_…`.' },
  Retention: {
    about: 'How long sessions are kept, and taking them out.',
    id: 'The id of the agent, `agent_…`.',
  },
  Audit: { about: 'Who changed what, when and why. Entries are only ever added.', id: 'The id of an entry.' },
  Statistics: { about: "Calculations about a client's own scores. Nothing is kept.", id: 'A name.' },
  'Signing in': {
    about: 'Who makes a request, and a cookie for browsers that stands for a key.',
    id: 'A name.',
  },
  Keys: { about: 'API keys. Only admins may call these.', id: 'The id of an API key, `apikey_…`.' },
  Webhooks: {
    about: 'Places that are told what happens here. Only admins may call these.',
    id: 'The id of a webhook, `wbhk_…`.',
  },
  Server: { about: 'What this server says about itself.', id: 'A name.' },
} as const satisfies Record<string, { readonly about: string; readonly id: string }>;

/** The name of what an operation is about. */
export type Tag = keyof typeof tags;

/** What a body may be, by content type. */
export type Content = Readonly<Record<string, z.ZodType>>;

/** What is to be said of a route besides its schemas. */
export type Operation = {
  readonly route: `${'GET' | 'POST' | 'DELETE'} /pawl/v1/${string}`;
  readonly tag: Tag;
  /** One line, also for `docs/reference/api.md`. */
  readonly summary: string;
  readonly description?: string;
  /** Whether it asks for no key. */
  readonly open?: true;
  /** The body of a request where it is not what the route checks: a file, or one of many inputs. */
  readonly body?: Content;
  readonly answer: Content;
  /** Those besides the ones that every route of its kind may answer with. */
  readonly errors: readonly ErrorCode[];
};

/** Operations by their names, which generated clients call their functions by. */
export type Operations = Readonly<Record<string, Operation>>;

/** A body of JSON. */
export function json(schema: z.ZodType): Content {
  return { 'application/json': schema };
}

/** A stream of one thing: an event of this name whenever it changes, and the last one when it is over. */
export function stream(event: string, component: string): Content {
  return {
    'text/event-stream': z
      .string()
      .describe(
        `Server-sent events. \`${event}\`: its data is a \`${component}\`, first as it is and then whenever it changes; the stream ends when it is over. \`ping\`: every now and then, so that the connection stays open.`,
      ),
  };
}

/** A text in another format. */
export function textOf(what: string): z.ZodType {
  return z.string().describe(what);
}
