import { type Telemetry, traced } from '../core/telemetry.ts';
import { spanNames, spanOperations } from '../core/telemetry-names.ts';
import { ModelError, type ModelReply, type ModelRequest, type Provider, type SendOptions } from './model.ts';
import type { Router } from './router.ts';

/** A router whose providers are measured, and stand in traces. */
export function observedRouter(router: Router, telemetry: Telemetry): Router {
  return {
    ...router,
    provider: async (name) => observedProvider(await router.provider(name), telemetry),
  };
}

function observedProvider(
  { name: provider, send }: Provider,
  { metrics, tracer, elapsed }: Telemetry,
): Provider {
  async function measured(request: ModelRequest, options: SendOptions): Promise<ModelReply> {
    const began = elapsed();
    let firstTextAt: number | null = null;
    const onText: SendOptions['onText'] = (text, index) => {
      firstTextAt ??= elapsed();
      options.onText?.(text, index);
    };
    const ended = (outcome: string, reply: ModelReply | null): void =>
      metrics.modelAnswered({
        ...{ provider, model: request.model, outcome, usage: reply?.usage ?? null },
        seconds: (elapsed() - began) / 1000,
        first_text_seconds: firstTextAt === null ? null : (firstTextAt - began) / 1000,
      });
    try {
      const reply = await send(request, { ...options, onText });
      ended('ok', reply);
      return reply;
    } catch (error) {
      ended(failureOf(error, options.signal) ?? 'aborted', null);
      throw error;
    }
  }

  return {
    name: provider,
    send: (request, options) =>
      traced(
        tracer,
        {
          name: `${spanOperations.request} ${request.model}`,
          kind: 'client',
          attributes: {
            [spanNames.operation]: spanOperations.request,
            [spanNames.provider]: provider,
            [spanNames.request_model]: request.model,
            [spanNames.max_tokens]: request.max_tokens,
          },
        },
        async (span) => {
          const reply = await measured(request, options);
          span.set({
            [spanNames.response_model]: reply.served_model,
            [spanNames.input_tokens]: reply.usage.input_tokens,
            [spanNames.output_tokens]: reply.usage.output_tokens,
            [spanNames.cache_read_tokens]: reply.usage.cache_read_input_tokens,
            [spanNames.cache_write_tokens]: reply.usage.cache_creation_input_tokens,
          });
          return reply;
        },
        (error) => failureOf(error, options.signal),
      ),
  };
}

/** What went wrong, as a word of a closed list; null when the request was broken off by ourselves. */
function failureOf(error: unknown, signal: AbortSignal): string | null {
  if (signal.aborted) return null;
  return error instanceof ModelError ? error.type : 'unknown_error';
}
