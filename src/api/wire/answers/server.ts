import { z } from 'zod';
import type { ResolvedRoute } from '../../../model/routes.ts';
import type { ModelStatus, ProcessStatus, ServerLimits, ServerStatusResponse } from '../server.ts';
import { count, describes, listOf, text, time } from './fields.ts';

const role = z.enum(['all', 'api', 'worker']);

const process = describes<ProcessStatus>()(
  z.object({
    name: text.describe('What it calls itself.'),
    role: role.describe('What it does.'),
    started_at: time.describe('When it began.'),
    heard_at: time.describe('When it was last heard of.'),
  }),
);

const route = describes<ResolvedRoute>()(
  z.object({
    provider: z.enum(['anthropic', 'openai', 'offline']).describe('Who answers.'),
    model: text.describe('The id that the provider is sent.'),
    because: text.describe('Why, for people.'),
  }),
);

const model = describes<ModelStatus>()(
  z.object({
    id: text.describe('As agents name it.'),
    served_by: route.describe('Who answers for it.'),
    offline: z.boolean().describe('Whether the embedded offline model answers.'),
    priced: z.boolean().describe('Whether what it costs is known.'),
  }),
);

const limits = describes<ServerLimits>()(
  z.object({
    max_turns: count.describe('Turns that one process runs at once.'),
    max_turns_per_agent: count.nullable().describe('Of which for one agent; null for no bound.'),
    max_waiting_turns: count.describe('Turns that may wait.'),
    max_requests_per_provider: count.describe('Requests to one provider at once.'),
    rate_limit_per_minute: count.describe('Requests of one key a minute; 0 for as many as it likes.'),
    max_requests: count.describe('Requests that one process answers at once.'),
    max_streams: count.describe('Streams that one process keeps open.'),
    max_tool_rounds: count.describe('Rounds of tools in one turn.'),
    max_file_bytes: count.describe('Bytes of one file.'),
    model_timeout_ms: count.describe('The longest that one model request may take.'),
    model_max_tokens: count.describe('Tokens of one reply.'),
    model_max_retries: count.describe('How often a failed model request is tried again.'),
    retention_days: count.nullable().describe('How long sessions are kept; null for ever.'),
    file_retention_days: count.nullable().describe('How long files are kept; null for ever.'),
  }),
);

export const serverStatus = describes<ServerStatusResponse>()(
  z.object({
    type: z.literal('server'),
    version: text.describe('The version of Pawl.'),
    started_at: time.describe('When this process began.'),
    uptime_seconds: count.describe('How long ago that is.'),
    database: z.enum(['sqlite', 'postgres']).describe('Where everything is kept.'),
    role: role.describe('What this process does.'),
    keys: z.enum(['required', 'none']).describe('Whether requests need a key.'),
    work: z
      .object({
        turns: z
          .object({
            busy: count.describe('Sessions with a turn under way, or one that waits.'),
            waiting: count.describe('Turns that wait for a place.'),
          })
          .describe('Turns of sessions.'),
        eval_runs: z
          .object({
            running: count.describe('Under way.'),
            waiting: count.describe('That wait for a place.'),
          })
          .describe('Eval runs.'),
        webhook_deliveries: z
          .object({
            waiting: count.describe('Still to be made.'),
            dead: count.describe('Given up.'),
          })
          .describe('Deliveries to webhooks.'),
      })
      .describe('What there is to do in all processes together; 10000 stands for any more.'),
    processes: listOf(process).describe('Those that are heard of, oldest first.'),
    models: listOf(model).describe('Models that somebody has named, by id; the first hundred.'),
    falls_back_to_offline: z
      .boolean()
      .describe('Whether every id is answered offline, because nobody has configured a provider.'),
    limits: limits.describe('Settings that bound what it does.'),
  }),
).meta({ id: 'Server', description: 'What a server says about itself.' });
