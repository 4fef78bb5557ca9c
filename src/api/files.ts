import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { PageRequest } from '../core/page.ts';
import type { FileFacts } from '../file/file.ts';
import { fileNameOf, fileTypeOf } from '../file/file-type.ts';
import type { Files } from '../file/files.ts';
import { schemaError } from './errors.ts';
import { type Form, readForm } from './form.ts';
import type { App } from './http.ts';
import { lists, pageRequest } from './query.ts';
import { requireId } from './route.ts';
import { acceptFiles, receivedFile } from './upload.ts';
import {
  type FileDeletedResponse,
  type FileListResponse,
  type FileResponse,
  fileFields,
  fileListQuery,
  fileListResponse,
  filePart,
  fileResponse,
} from './wire/files.ts';
import { idParams } from './wire/params.ts';
import { inWords } from './wire/sentences.ts';

const formTypes = ['multipart/form-data'];
/** What a form has around its file. */
const formBytes = 64 * 1024;
const usualLimit = 20;

export function fileRoutes(app: App, files: Files): void {
  acceptFiles(app, formTypes, (scope) => {
    scope.post('/v1/files', async (request): Promise<FileResponse> => {
      const source = (keep: Parameters<typeof readForm>[1]) => upload(request, files.max_bytes, keep);
      return fileResponse(await files.upload(source, request.actor));
    });
  });

  app.get(
    '/v1/files',
    { schema: { querystring: fileListQuery } },
    async ({ query }): Promise<FileListResponse> => {
      // No file belongs to a session: sessions bring forth none yet.
      if (query.scope_id !== undefined) return fileListResponse({ data: [], next_page: null }, false);
      if (query.ids !== undefined) {
        return fileListResponse({ data: await files.find(query.ids), next_page: null }, false);
      }
      const request = fileRequest(query);
      const { prev_page, ...found } = await files.list(request);
      const end = request.cursor?.direction === 'prev' ? prev_page : found.next_page;
      return fileListResponse(found, end !== null);
    },
  );

  app.get(
    '/v1/files/:id',
    { schema: { params: idParams } },
    async ({ params }): Promise<FileResponse> =>
      fileResponse(await files.retrieve(requireId('file', params.id))),
  );

  app.get('/v1/files/:id/content', { schema: { params: idParams } }, async ({ params }, reply) => {
    const { file, bytes } = await files.open(requireId('file', params.id));
    reply.headers({
      'content-type': file.mime_type,
      'content-length': file.size_bytes,
      'content-disposition': attachment(file.filename),
      // What users upload is never shown as a page of this server.
      'x-content-type-options': 'nosniff',
    });
    return reply.send(bytes);
  });

  app.delete(
    '/v1/files/:id',
    { schema: { params: idParams } },
    async ({ params, actor }): Promise<FileDeletedResponse> => {
      await files.remove(requireId('file', params.id), actor);
      return { id: params.id, type: 'file_deleted' };
    },
  );
}

/** Reads an upload: its bytes go to `keep`, and the rest is what they are. */
async function upload(
  request: Pick<FastifyRequest, 'body' | 'headers'>,
  max_file_bytes: number,
  keep: Parameters<typeof readForm>[1],
): Promise<FileFacts> {
  const { bytes } = receivedFile(request, formTypes, { file: max_file_bytes, around: formBytes });
  const form = await readForm({ headers: request.headers, bytes, max_file_bytes }, keep);
  const { expires_in_seconds = null } = parsed(fileFields, form.fields);
  return { ...factsOf(form.file), expires_in_seconds };
}

function factsOf({ filename: given, mime_type }: Form['file']): Pick<FileFacts, 'filename' | 'mime_type'> {
  const declared = mime_type.toLowerCase();
  const filename = fileNameOf({ given, declared });
  return parsed(filePart, { filename, mime_type: fileTypeOf({ declared, filename }) });
}

/** @throws PawlError `invalid_request` */
function parsed<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value, { error: inWords });
  if (!result.success) throw schemaError(result.error);
  return result.data;
}

/** The page that is asked for, by a cursor or, as older clients do, by an id before or behind it. */
function fileRequest({
  limit = usualLimit,
  page,
  after_id,
  before_id,
}: z.output<typeof fileListQuery>): PageRequest {
  const id = after_id ?? before_id;
  if (id === undefined) return pageRequest({ limit, page }, lists.files);
  const direction = before_id === undefined ? 'next' : 'prev';
  const cursor = { list: lists.files.name, order: 'desc', direction, key: [id] } as const;
  return { list: lists.files, limit, order: 'desc', cursor };
}

/** Has a browser save what it gets. The name is given twice: for old readers, and as it is. */
function attachment(filename: string): string {
  const plain = filename.replaceAll(/[^\x20-\x7e]|["\\%]/g, '_');
  const encoded = encodeURIComponent(filename).replaceAll(/['()*]/g, (one) => {
    return `%${one.charCodeAt(0).toString(16).toUpperCase()}`;
  });
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
