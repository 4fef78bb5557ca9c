import type { Notify } from '../src/webhook/notify.ts';

/** For rooms whose webhooks are nobody's concern: whatever they are told is forgotten. */
export const tellsNobody: Notify = { enqueue: async () => {}, wake: () => {} };
