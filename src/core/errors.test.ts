import { describe, expect, test } from 'vitest';
import { type ErrorCode, errorCatalog, PawlError } from './errors.ts';

const codes = Object.keys(errorCatalog) as ErrorCode[];

/** The SDK chooses its classes by these pairs. */
const classes: Record<number, string> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  408: 'timeout_error',
  409: 'conflict_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  500: 'api_error',
  502: 'api_error',
  503: 'api_error',
  529: 'overloaded_error',
};

describe.each(codes)('The error %s', (code) => {
  const error = new PawlError(code, 'words', { cause: 'private' });

  test('has the type that the SDK knows for its status, and a sentence that explains it', () => {
    expect(classes[error.entry.status]).toBe(error.entry.type);
    expect(error.entry.meaning).toMatch(/^[A-Z].*\.$/);
  });

  test('is repeated by clients only where that may help', () => {
    // A conflict stays one, what an endpoint refused it will refuse again, and a key that is missing stays missing.
    expect(error.entry.retry).toBe([409, 502, 503].includes(error.entry.status) ? false : undefined);
  });
});

test('an error keeps its code, its public words and, apart from them, its cause', () => {
  const error = new PawlError('internal', 'Something went wrong', { cause: 'secret' });
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({ name: 'PawlError', code: 'internal', cause: 'secret' });
  expect(error.message).toBe('Something went wrong');
  expect('cause' in new PawlError('internal', 'x')).toBe(false);
});
