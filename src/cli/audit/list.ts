import type { AuditEntryResponse } from '../../api/audit.ts';
import { printTable } from '../alias/print-table.ts';
import { type ReleaseOptions, withReleases } from '../alias/release-server.ts';
import { callServer } from '../api-client.ts';
import { note } from '../eval/note.ts';
import { printJson } from '../output.ts';

/** How many are shown, the newest first. */
const most = 100;

/** Lists the newest entries of the audit log. @throws CommandError, ConfigError */
export async function listAudit(options: ReleaseOptions & { readonly subject?: string }): Promise<void> {
  await withReleases(options, async (server) => {
    const query = new URLSearchParams({ limit: String(most) });
    if (options.subject !== undefined) query.set('subject', options.subject);
    const path = `/pawl/v1/audit?${query}`;
    type Page = { readonly data: readonly AuditEntryResponse[]; readonly next_page: string | null };
    const { data, next_page } = await callServer<Page>(server, { method: 'GET', path });
    if (options.output === 'json') printJson(data);
    else printTable(['SEQ', 'WHEN', 'WHO', 'ACTION', 'OUTCOME', 'SUBJECT', 'WHY'], data.map(rowOf));
    if (next_page !== null) note(`These are the newest ${most}; \`pawl audit export\` writes all.`);
  });
}

function rowOf({ seq, at, actor, action, outcome, subject, reason }: AuditEntryResponse) {
  const cells = [String(seq), at, `${actor.name} (${actor.role})`, action, outcome, subject.id, reason ?? ''];
  return { cells, marked: outcome === 'refused' };
}
