import { Readable } from 'node:stream';
import type { Audit, AuditCheck } from '../access/audit.ts';
import type { AuditEntry } from '../core/audit-entry.ts';
import type { App } from './http.ts';
import { lists, pageRequest } from './query.ts';
import { auditListQuery } from './wire/release.ts';

/** An audit entry as lists carry it. */
export type AuditEntryResponse = AuditEntry & { readonly type: 'audit_entry' };

/** What reading the whole log came to, as answers carry it. */
export type AuditCheckResponse = AuditCheck & { readonly type: 'audit_check' };

export function auditRoutes(app: App, audit: Audit): void {
  app.get('/pawl/v1/audit', { schema: { querystring: auditListQuery } }, async ({ query }) => {
    const { subject: subject_id, action, actor, outcome, 'at[gte]': from, 'at[lt]': before } = query;
    const filter = { subject_id, action, actor, outcome, from, before };
    const page = await audit.list(filter, pageRequest(query, lists.audit));
    return { ...page, data: page.data.map((one): AuditEntryResponse => ({ type: 'audit_entry', ...one })) };
  });

  // One entry per line, exactly as it was hashed, so that the chain can be checked elsewhere.
  app.get('/pawl/v1/audit/export', async (_request, reply) => {
    reply.type('application/x-ndjson; charset=utf-8');
    return reply.send(Readable.from(linesOf(audit.read())));
  });

  app.get('/pawl/v1/audit/verify', async (): Promise<AuditCheckResponse> => {
    return { type: 'audit_check', ...(await audit.verify()) };
  });
}

async function* linesOf(entries: AsyncIterable<AuditEntry>): AsyncGenerator<string> {
  for await (const entry of entries) yield `${JSON.stringify(entry)}\n`;
}
