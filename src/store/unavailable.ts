import { DatabaseError, DatabaseInUseError } from './dialect.ts';

const codes = [
  // The network, as Node names it.
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT'],
  ...['EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN'],
  // PostgreSQL starts, stops, can only be read, or has no connection, room or memory left (its manual, appendix A).
  ...['57P01', '57P02', '57P03', '25006', '53100', '53200', '53300', '08000', '08003', '08006'],
  // SQLite has no room, or somebody else holds the file.
  ...['SQLITE_FULL', 'SQLITE_BUSY', 'SQLITE_IOERR_WRITE'],
];
/** What pg says without a code. */
const sentences = /timeout exceeded when trying to connect|Connection terminated|Query read timeout/;

/** Whether a database could not be used just now, so that the same thing may succeed later. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof DatabaseError || error instanceof DatabaseInUseError) return true;
  if (error instanceof AggregateError) return error.errors.some(isUnavailable);
  if (!(error instanceof Error)) return false;
  return ('code' in error && codes.includes(String(error.code))) || sentences.test(error.message);
}
