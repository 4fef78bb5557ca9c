import Sqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { DatabaseError, DatabaseInUseError } from './dialect.ts';
import { isUnavailable } from './unavailable.ts';

const coded = (code: string, message = 'Something') => Object.assign(new Error(message), { code });

test.each<[string, unknown]>([
  ['nobody listens', coded('ECONNREFUSED')],
  ['the connection broke', coded('ECONNRESET')],
  ['the connection broke while it was written to', coded('EPIPE')],
  ['the network is silent', coded('ETIMEDOUT')],
  ['the name leads nowhere', coded('ENOTFOUND')],
  ['names cannot be looked up just now', coded('EAI_AGAIN')],
  ['an administrator ends the connection', coded('57P01')],
  ['another process of PostgreSQL crashed', coded('57P02')],
  ['PostgreSQL starts', coded('57P03')],
  ['PostgreSQL has no connection left', coded('53300')],
  ['the disk is full', new Sqlite.SqliteError('database or disk is full', 'SQLITE_FULL')],
  ['somebody else holds the file', new Sqlite.SqliteError('database is locked', 'SQLITE_BUSY')],
  ['the disk takes no writes', new Sqlite.SqliteError('disk I/O error', 'SQLITE_IOERR_WRITE')],
  ['the pool gives no connection', new Error('timeout exceeded when trying to connect')],
  ['the connection ended', new Error('Connection terminated unexpectedly')],
  ['the connection took too long', new Error('Connection terminated due to connection timeout')],
  ['the query took too long', new Error('Query read timeout')],
  ['another process has it', new DatabaseInUseError('Another pawl process is serving from it')],
  ['it cannot be connected to', new DatabaseError('Cannot connect to PostgreSQL')],
  ['no address of a name answers', new AggregateError([coded('EACCES'), coded('ECONNREFUSED')])],
  ['of aggregates within aggregates', new AggregateError([new AggregateError([coded('ECONNREFUSED')])])],
])('A database cannot be used just now because %s', (_why, error) => {
  expect(isUnavailable(error)).toBe(true);
});

test.each<[string, unknown]>([
  ['nothing', null],
  ['nothing at all', undefined],
  ['text', 'ECONNREFUSED'],
  ['something that only looks like an error', { code: 'ECONNREFUSED', message: 'Connection terminated' }],
  ['an error of no kind', new Error('Something')],
  ['a bug', new TypeError("Cannot read properties of undefined (reading 'id')")],
  ['a broken reference', coded('23503')],
  ['a syntax error', coded('42601')],
  ['a number as its code', Object.assign(new Error('Something'), { code: 57 })],
  ['a broken rule of SQLite', new Sqlite.SqliteError('FOREIGN KEY constraint failed', 'SQLITE_CONSTRAINT')],
  ['a damaged file', new Sqlite.SqliteError('database disk image is malformed', 'SQLITE_CORRUPT')],
  ['several of other kinds', new AggregateError([coded('EACCES'), new Error('Something')])],
  ['several of none', new AggregateError([])],
])('The same thing would fail again after %s', (_why, error) => {
  expect(isUnavailable(error)).toBe(false);
});
