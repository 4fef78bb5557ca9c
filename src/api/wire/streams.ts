import { z } from 'zod';
import { list } from './fields.ts';

/** `agent.thinking` is known, and there is never any: this server writes no such event. */
export const eventStreamQuery = z.strictObject({
  event_deltas: list(
    z.enum(['agent.message', 'agent.thinking'], "must be 'agent.message' or 'agent.thinking'"),
  ),
});
