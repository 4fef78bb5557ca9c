import { PawlError } from '../core/errors.ts';

/** The codes of a system that has no room left, or none for this user. */
const full = ['ENOSPC', 'EDQUOT', 'EFBIG'];

/** What a client is told of bytes that could not be kept or read. What is meant for it already stays as it is. */
export function storageFailure(error: unknown): PawlError {
  if (error instanceof PawlError) return error;
  const { code } = (error ?? {}) as { code?: unknown };
  if (full.includes(String(code))) {
    const message = 'There is no room left for files; delete some and try again';
    return new PawlError('storage_quota_exceeded', message, { cause: error });
  }
  const message = 'The place where files are kept cannot be used just now; try again';
  return new PawlError('file_storage_unavailable', message, { cause: error });
}
