import { retention, retentionList } from '../wire/answers/retention.ts';
import { json, type Operations, textOf } from './operation.ts';

/** How long sessions are kept, and how they are taken out. */
export const retentionOperations: Operations = {
  list_retention: {
    route: 'GET /pawl/v1/retention',
    tag: 'Retention',
    summary: 'Lists for each agent how long its sessions are kept, and how many would go now.',
    answer: json(retentionList),
    errors: [],
  },
  retrieve_retention: {
    route: 'GET /pawl/v1/agents/:id/retention',
    tag: 'Retention',
    summary: 'Says how long the sessions of an agent are kept, and how many would go now.',
    answer: json(retention),
    errors: ['agent_not_found'],
  },
  set_retention: {
    route: 'POST /pawl/v1/agents/:id/retention',
    tag: 'Retention',
    summary: 'Gives an agent a rule of its own for how long its sessions are kept.',
    answer: json(retention),
    errors: ['agent_not_found'],
  },
  delete_retention: {
    route: 'DELETE /pawl/v1/agents/:id/retention',
    tag: 'Retention',
    summary: "Takes that rule away, so that the server's own setting applies.",
    answer: json(retention),
    errors: ['agent_not_found'],
  },
  export_sessions: {
    route: 'GET /pawl/v1/sessions/export',
    tag: 'Retention',
    summary: 'Gives sessions with their events and scores, one in a line of JSON.',
    description:
      'In the order in which they were made. What comes is read while it is sent, however much it is.',
    answer: { 'application/x-ndjson': textOf('A session in each line.') },
    errors: ['agent_not_found'],
  },
};
