import { z } from 'zod';
import type { Flag } from '../../agent/flags.ts';
import { percent } from '../../core/assignment.ts';
import { fitsMetadata, maxValueLength } from '../../core/metadata.ts';
import { lookup, text } from './fields.ts';

/** Where all flags are evaluated; one is below it, under its key. */
export const flagsPath = '/ofrep/v1/evaluate/flags';

/** The key of a flag in a path: an agent as sessions name it, `agent_…@production`. */
export const flagParams = z.strictObject({ key: z.string() });

/** Who is served: what the metadata of a session takes, which says the same. */
const targetingKey = text(0, 10_000)
  .refine(fitsMetadata, `must have at most ${maxValueLength} characters`)
  .nullable()
  .optional();

/** The context of one flag. OpenFeature puts into it whatever the application knows, and only the key is looked at. */
export const flagRequest = z.object({ context: z.looseObject({ targetingKey }).optional() });

/** The context of all flags, or of those of one agent. */
export const flagListRequest = z.object({
  context: z.looseObject({ targetingKey, agent_id: lookup.nullable().optional() }).optional(),
});

/** What a flag came to, as the OpenFeature Remote Evaluation Protocol has it. */
export type FlagResponse = {
  readonly key: string;
  /** The number of the version. */
  readonly value: number;
  readonly reason: FlagReason;
  readonly variant: string;
  /** No value is null: what does not apply is not there. */
  readonly metadata: {
    readonly agent_id: string;
    readonly config_hash: string;
    readonly alias?: string;
    readonly rollout_id?: string;
    /** The canary's share of the traffic, in percent. */
    readonly weight?: number;
  };
};

/** Which flag could not be told, and why, in that protocol. */
export type FlagFailure = {
  readonly key?: string;
  readonly errorCode: FlagErrorCode;
  readonly errorDetails: string;
};

export type FlagErrorCode =
  | 'FLAG_NOT_FOUND'
  | 'TARGETING_KEY_MISSING'
  | 'INVALID_CONTEXT'
  | 'PARSE_ERROR'
  | 'GENERAL';

/** Whether who asks decides on the version, or everybody gets the same. */
export type FlagReason = 'SPLIT' | 'STATIC';

/** A flag that was asked for under this key. */
export function flagResponse(key: string, flag: Flag): FlagResponse {
  const { agent_id, alias, version, config_hash, rollout } = flag;
  return {
    key,
    value: version,
    reason: reasonOf(flag),
    variant: variantOf(flag),
    metadata: {
      agent_id,
      ...(alias === null ? {} : { alias }),
      config_hash,
      ...(rollout === null ? {} : { rollout_id: rollout.id, weight: percent(rollout.weight) }),
    },
  };
}

export function reasonOf({ rollout }: Pick<Flag, 'rollout'>): FlagReason {
  return rollout === null ? 'STATIC' : 'SPLIT';
}

/** The arm while a rollout is under way, and else the version: `canary`, `control` or `v3`. */
export function variantOf({ rollout, version }: Pick<Flag, 'rollout' | 'version'>): string {
  return rollout === null ? `v${version}` : rollout.arm;
}
