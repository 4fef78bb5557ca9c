import { z } from 'zod';
import type { StoredFile } from '../../file/file.ts';
import { isMimeType } from '../../file/file-type.ts';
import { limit, list, lookup, page, text, writtenNumber } from './fields.ts';

/** How long a file may be kept, in seconds: from an hour to ninety days. */
const shortest = 3600;
const longest = 7_776_000;

/** The parts of an upload besides the file itself. */
export const fileFields = z.strictObject({ expires_in_seconds: writtenNumber(shortest, longest).optional() });

/** What the part of the file says of itself. */
export const filePart = z.strictObject({
  filename: text(1, 255).refine(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
    (name) => !/[\u0000-\u001f\u007f]/.test(name),
    'must not hold control characters',
  ),
  mime_type: z.string().refine(isMimeType, 'must be a content type such as application/pdf'),
});

const mostFiles = 100;

/** `after_id` and `before_id` are how older clients page. */
export const fileListQuery = z
  .strictObject({
    limit: limit(20, 1000).unwrap().optional(),
    page,
    after_id: lookup.optional(),
    before_id: lookup.optional(),
    ids: list(lookup),
    scope_id: lookup.optional(),
  })
  .superRefine(({ ids, scope_id, ...paging }, context) => {
    const { limit: size, page: cursor, after_id, before_id } = paging;
    const places = [cursor, after_id, before_id].filter((place) => place !== undefined).length;
    const clash = (path: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [path], message });
    if (places > 1) clash('page', 'cannot go together with after_id or before_id, nor these with each other');
    if (ids !== undefined && (places > 0 || size !== undefined))
      clash('ids', 'cannot go together with page or limit');
    if (new Set(ids).size > mostFiles) clash('ids', `at most ${mostFiles} values are allowed`);
  });

/** A file as answers carry it. */
export type FileResponse = StoredFile & {
  readonly type: 'file';
  readonly downloadable: true;
  /** The session that it belongs to; of an upload there is none. */
  readonly scope: null;
};

/** A page of files; older clients look at the last three fields. */
export type FileListResponse = {
  readonly data: readonly FileResponse[];
  readonly next_page: string | null;
  readonly has_more: boolean;
  readonly first_id: string | null;
  readonly last_id: string | null;
};

export type FileDeletedResponse = { readonly id: string; readonly type: 'file_deleted' };

export function fileResponse(file: StoredFile): FileResponse {
  return {
    id: file.id,
    type: 'file',
    filename: file.filename,
    mime_type: file.mime_type,
    size_bytes: file.size_bytes,
    created_at: file.created_at,
    downloadable: true,
    expires_at: file.expires_at,
    scope: null,
  };
}

/** `goes_on` is whether there are more files in the direction that the page was read in. */
export function fileListResponse(
  { data, next_page }: { readonly data: readonly StoredFile[]; readonly next_page: string | null },
  goes_on: boolean,
): FileListResponse {
  return {
    data: data.map(fileResponse),
    next_page,
    has_more: goes_on,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
  };
}
