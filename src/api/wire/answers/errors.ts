import { z } from 'zod';
import { type ErrorCode, errorCatalog } from '../../../core/errors.ts';
import type { ErrorResponse } from '../../errors.ts';
import { describes, text } from './fields.ts';

const codes = Object.keys(errorCatalog) as ErrorCode[];

/** The body of every answer that is an error. Both its words are texts, so that a client knows what to do with new ones. */
export const errorAnswer = describes<ErrorResponse>()(
  z.object({
    type: z.literal('error'),
    error: z
      .object({
        type: text.meta({
          description: 'The class of the error, as the official SDKs know it.',
          examples: [...new Set(codes.map((code) => errorCatalog[code].type))],
        }),
        message: text.describe('What went wrong, for people. It may change.'),
        details: z
          .object({
            error_code: text.meta({ description: 'What went wrong, for programs.', examples: codes }),
          })
          .describe('What this server adds to the class.'),
      })
      .describe('What went wrong.'),
    request_id: text.describe('`req_…`, as in the header `request-id`.'),
  }),
).meta({ id: 'Error', description: 'An answer that is an error.' });
