import type { FastifyTypeProvider } from 'fastify';
import type { z } from 'zod';
import { type AgentReference, aliasPattern, parseAgentReference } from '../core/agent-reference.ts';
import type { ErrorCode } from '../core/errors.ts';
import { PawlError } from '../core/errors.ts';
import { type IdKind, isId } from '../core/ids.ts';
import { schemaError } from './errors.ts';
import { inWords } from './wire/sentences.ts';

/** Tells Fastify that handlers get what their schemas give. */
export interface ZodProvider extends FastifyTypeProvider {
  validator: this['schema'] extends z.ZodType ? z.output<this['schema']> : unknown;
}

/** Checks a part of a request against its schema. */
export function compileSchema({ schema }: { schema: z.ZodType }) {
  return (value: unknown) => {
    try {
      const parsed = schema.safeParse(value, { error: inWords });
      return parsed.success ? { value: parsed.data } : { error: schemaError(parsed.error) };
    } catch (error) {
      // Schemas of arbitrary JSON follow it by recursion.
      if (!(error instanceof RangeError)) throw error;
      return {
        error: new PawlError('invalid_request', 'The request is nested too deeply', { cause: error }),
      };
    }
  };
}

const missing = {
  agent: 'agent_not_found',
  environment: 'environment_not_found',
  session: 'session_not_found',
  file: 'file_not_found',
  key: 'key_not_found',
  eval_run: 'eval_run_not_found',
  comparison: 'comparison_not_found',
  promotion: 'promotion_not_found',
  rollout: 'rollout_not_found',
  shadow: 'shadow_not_found',
  vault: 'vault_not_found',
  credential: 'credential_not_found',
  webhook: 'webhook_not_found',
  delivery: 'delivery_not_found',
} as const satisfies Partial<Record<IdKind, ErrorCode>>;

/** The id, if it can be one at all: what has another shape is known not to exist without looking. */
export function requireId(kind: keyof typeof missing, id: string): string {
  if (isId(kind, id)) return id;
  throw new PawlError(
    missing[kind],
    `${kind === 'key' ? 'API key' : kind.replace('_', ' ')} ${id.slice(0, 100)} does not exist`,
  );
}

/** An agent's id, or one with an alias behind it. What has another shape is known not to exist without looking. */
export function requireAgentReference(text: string): AgentReference {
  const { id, alias } = parseAgentReference(text);
  requireId('agent', id);
  if (alias === null || aliasPattern.test(alias)) return { id, alias };
  throw new PawlError('alias_not_found', `agent ${id} has no alias ${alias.slice(0, 100)}`);
}
