import { z } from 'zod';
import { tiers } from '../../core/evaluation.ts';
import { defaultGate } from '../../eval/gate.ts';
import type { GatePolicy } from '../../eval/gate-policy.ts';
import { text } from './fields.ts';

/** A part of a whole. */
export const share = z.number().min(0).max(1);
const tier = z.enum(tiers);
const scorerName = text(1, 64);

const margin = z
  .union([
    share.transform((value) => ({ critical: value, supporting: value, advisory: null })),
    z.strictObject({
      critical: share.nullable().default(defaultGate.margin.critical).describe('For critical groups.'),
      supporting: share.nullable().default(defaultGate.margin.supporting).describe('For supporting groups.'),
      advisory: share.nullable().default(defaultGate.margin.advisory).describe('For advisory groups.'),
    }),
  ])
  .nullable()
  .optional()
  .meta({
    description:
      'Tolerated mean damage: one number, or one for each tier; null asks nothing of intervals. Absent is 0.02 for critical and 0.05 for supporting groups, and null where a number of lost cases is stated.',
  });

/** What a comparison has to show. Its margin is as it was stated, if it was. */
export const gate = z.strictObject({
  metrics: z
    .array(scorerName)
    .min(1)
    .max(20)
    .optional()
    .describe('The scorers that count; the first one decides what a flip is. Absent takes the first scorer.'),
  confidence: z
    .number()
    .min(0.5)
    .max(0.999)
    .default(defaultGate.confidence)
    .describe('Two-sided level of the intervals: 0.9 tests either side at 5 %.'),
  margin,
  overall: tier.default(defaultGate.overall).describe('The tier of all cases together.'),
  default_tier: tier
    .default(defaultGate.default_tier)
    .describe('The tier of groups that `groups` does not name.'),
  groups: z.record(text(1, 200), tier).default({}).describe('Tiers by group.'),
  min_cases: z
    .strictObject({
      group: z.int().min(1).default(defaultGate.min_cases.group).describe('In a group.'),
      overall: z.int().min(1).default(defaultGate.min_cases.overall).describe('In all.'),
    })
    .prefault({})
    .describe('Fewest cases that an interval may be judged on.'),
  max_lost_cases: z
    .int()
    .min(0)
    .nullable()
    .default(null)
    .describe('The most cases of one group that may turn from right to wrong; null states no such rule.'),
  max_lost_total: z.int().min(0).nullable().default(null).describe('The same for all groups together.'),
  min_scored: share
    .default(defaultGate.min_scored)
    .describe('The least part of all cases that must have a score.'),
});

const noMargin = { critical: null, supporting: null, advisory: null };

/** The margin by tier. Where a count rule is stated and no margin, the count rule decides alone. */
export function marginOf({
  margin: stated,
  max_lost_cases,
  max_lost_total,
}: z.output<typeof gate>): GatePolicy['margin'] {
  if (stated !== undefined) return stated ?? noMargin;
  return max_lost_cases === null && max_lost_total === null ? defaultGate.margin : noMargin;
}
