import { z } from 'zod';

/** The id in a path. Its shape is checked where it is known what kind it should be. */
export const idParams = z.strictObject({ id: z.string() });

/** The body of a call that needs none. */
export const noBody = z.strictObject({});
