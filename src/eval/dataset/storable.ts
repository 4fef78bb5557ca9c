/** How deep lists and objects of a case may lie in each other. */
const maxDepth = 32;
const maxShownName = 60;
const unfitName = 'must have a well-formed name without NUL';

/** What keeps the parts of a case from being stored, as `place: what is allowed`; null when nothing does. */
export function findFlaw(parts: object): string | null {
  const flaw = flawIn(parts, 0);
  return flaw === null ? null : `${flaw.place.replace(/^\./, '')}: ${flaw.allowed}`;
}

type Flaw = { readonly place: string; readonly allowed: string };

function flawIn(value: unknown, depth: number): Flaw | null {
  if (typeof value === 'string') {
    return isFit(value) ? null : { place: '', allowed: 'must be well-formed text without NUL' };
  }
  if (typeof value === 'number') {
    return Number.isFinite(value) ? null : { place: '', allowed: 'must be a number below 1.8e308' };
  }
  if (typeof value !== 'object' || value === null) return null;
  if (depth > maxDepth) return { place: '', allowed: `must be nested at most ${maxDepth} deep` };
  for (const [name, member] of Object.entries(value)) {
    const flaw = isFit(name) ? flawIn(member, depth + 1) : { place: '', allowed: unfitName };
    if (flaw === null) continue;
    const place = Array.isArray(value) ? `[${name}]` : `.${shown(name)}`;
    return { place: `${place}${flaw.place}`, allowed: flaw.allowed };
  }
  return null;
}

/** PostgreSQL keeps no NUL, and no encoding keeps half of a surrogate pair. */
function isFit(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

function shown(name: string): string {
  return name.toWellFormed().replaceAll('\0', '').slice(0, maxShownName);
}
