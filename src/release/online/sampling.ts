import { isInSample } from '../../core/assignment.ts';

/**
 * Whether a session belongs to a sample, by its place under the rollout's salt: the same at every try, in every retry of
 * the rollout, and for every scorer whose sample is as large.
 */
export function isSampled(
  { salt, sample }: { readonly salt: string; readonly sample: number },
  sessionId: string,
): boolean {
  // A session without a targeting key was assigned by its id: under the same salt, a sample would be of one arm.
  return isInSample({ salt: `${salt}:scoring`, sample }, sessionId);
}
