import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { PawlError } from '../core/errors.ts';
import { isUnavailable } from '../store/unavailable.ts';
import { flagFailure } from './ofrep-errors.ts';

/** The body of every answer that is an error. */
export type ErrorResponse = {
  readonly type: 'error';
  readonly error: {
    readonly type: string;
    readonly message: string;
    readonly details: { readonly error_code: string };
  };
  readonly request_id: string;
};

/** The client's side of an error; what it was caused by stays on the server. */
export function errorResponse(error: PawlError, requestId: string): ErrorResponse {
  return {
    type: 'error',
    error: { type: error.entry.type, message: error.message, details: { error_code: error.code } },
    request_id: requestId,
  };
}

export function sendError(reply: FastifyReply, error: PawlError): void {
  if (error.entry.retry === false) reply.header('x-should-retry', 'false');
  if (error.retry_after_s !== null) reply.header('retry-after', String(error.retry_after_s));
  const { id, url, body, routeOptions } = reply.request;
  const failure = flagFailure({ url, body, route: routeOptions.url }, error);
  reply.status(error.entry.status).send({ ...failure, ...errorResponse(error, id) });
}

/** The error that a client sees for whatever was thrown. */
export function toPawlError(error: unknown): PawlError {
  if (error instanceof PawlError) return error;
  const { code, statusCode } = (error ?? {}) as { code?: unknown; statusCode?: unknown };
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new PawlError('request_too_large', 'The request body is larger than may be sent here', {
      cause: error,
    });
  }
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return new PawlError('invalid_request', 'content-type: must be application/json', { cause: error });
  }
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return new PawlError('invalid_request', 'The request could not be read', { cause: error });
  }
  if (isUnavailable(error)) {
    return new PawlError('overloaded', 'The database cannot be used just now; try again', { cause: error });
  }
  return new PawlError('internal', 'Something went wrong on the server', { cause: error });
}

const maxIssues = 3;
/** Field names come from the request, and may be of any length. */
const maxSentence = 300;

/** Turns what a schema found into an error whose message names the fields. */
export function schemaError({ issues }: z.ZodError): PawlError {
  const sentences = issues.slice(0, maxIssues).map((issue) => {
    const path = issue.path.join('.');
    return (path === '' ? issue.message : `${path}: ${issue.message}`).slice(0, maxSentence);
  });
  if (issues.length > maxIssues) sentences.push(`and ${issues.length - maxIssues} more`);
  const unsupported = issues.every(
    (issue) => issue.code === 'custom' && issue.params?.['pawl_code'] === 'not_supported',
  );
  return new PawlError(unsupported ? 'not_supported' : 'invalid_request', sentences.join('; '));
}
