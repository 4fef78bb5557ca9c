import type { AuditSubject } from '../../../../src/core/audit-entry.ts';

/** The page about what an entry of the audit log is about; null when there is none. */
export function placeOf({ type, id }: AuditSubject): string | null {
  const part = encodeURIComponent(id);
  if (type === 'agent') return `/agents/${part}`;
  if (type === 'promotion' || type === 'rollout') return `/release/${type}s/${part}`;
  if (type !== 'alias') return null;
  const at = id.lastIndexOf('@');
  const [agent, alias] = [id.slice(0, at), id.slice(at + 1)].map(encodeURIComponent);
  return at < 1 ? null : `/agents/${agent}/aliases/${alias}`;
}
