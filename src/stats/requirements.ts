import { PawlError } from '../core/errors.ts';

/** What a number has to be. Limits that are absent are not looked at. */
export type Requirement = {
  readonly least?: number;
  readonly most?: number;
  /** The number lies strictly above this. */
  readonly above?: number;
  /** The number lies strictly below this. */
  readonly below?: number;
  readonly whole?: boolean;
};

/**
 * Lets a finite number pass that meets a requirement, and names the field otherwise.
 * @throws PawlError `invalid_request`
 */
export function requireNumber(field: string, value: number, requirement: Requirement = {}): void {
  const {
    least = -Infinity,
    most = Infinity,
    above = -Infinity,
    below = Infinity,
    whole = false,
  } = requirement;
  const fits = value >= least && value <= most && value > above && value < below;
  if (fits && Number.isFinite(value) && (!whole || Number.isSafeInteger(value))) return;
  throw new PawlError('invalid_request', `${field}: must be ${describe(requirement)}`);
}

/**
 * Lets a count pass: a whole number from 0 to a thousand million, or to `most`.
 * @throws PawlError `invalid_request`
 */
export function requireCount(field: string, value: number, most = 1e9): void {
  requireNumber(field, value, { least: 0, most, whole: true });
}

/**
 * Lets a condition on several fields pass, and says what is allowed otherwise.
 * @throws PawlError `invalid_request`
 */
export function requireThat(condition: boolean, complaint: string): void {
  if (!condition) throw new PawlError('invalid_request', complaint);
}

function describe({ least, most, above, below, whole = false }: Requirement): string {
  const limits = [
    least === undefined ? '' : `of at least ${least}`,
    above === undefined ? '' : `above ${above}`,
    most === undefined ? '' : `of at most ${most}`,
    below === undefined ? '' : `below ${below}`,
  ].filter((limit) => limit !== '');
  return [whole ? 'a whole number' : 'a finite number', limits.join(' and ')].join(' ').trimEnd();
}
