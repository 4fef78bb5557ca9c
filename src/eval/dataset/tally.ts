import { createHash } from 'node:crypto';
import type { Case, DatasetSummary } from '../case.ts';

/** What the cases of a revision come to. `hash` is SHA-256 over their hashes, in hexadecimal and in order. */
export type Counted = { readonly cases: number; readonly hash: string; readonly summary: DatasetSummary };

const maxTargets = 100;
const maxTargetLength = 100;

/** Counts cases while they pass by, in order, keeping none of them. */
export function createTally() {
  const revision = createHash('sha256');
  const groups = new Map<string | null, number>();
  const clusters = new Set<string>();
  const targets = new Set<string>();
  let cases = 0;
  let mustPass = 0;
  let withoutTarget = 0;
  return {
    add({ target, group, cluster, must_pass }: Case, hash: string): void {
      cases++;
      revision.update(hash);
      groups.set(group, (groups.get(group) ?? 0) + 1);
      if (cluster !== null) clusters.add(cluster);
      if (must_pass) mustPass++;
      if (target === null) withoutTarget++;
      const isShort = typeof target === 'string' && target.length <= maxTargetLength;
      if (isShort && targets.size <= maxTargets) targets.add(target);
    },

    /** What has come together; to be called once. */
    finish(): Counted {
      const summary: DatasetSummary = {
        groups: [...groups].map(([group, count]) => ({ group, cases: count })),
        clusters: clusters.size,
        must_pass: mustPass,
        without_target: withoutTarget,
        targets: targets.size > maxTargets ? null : [...targets],
      };
      return { cases, hash: revision.digest('hex'), summary };
    },
  };
}
