import { canonicalJson } from '../../core/canonical.ts';
import { defaultEffort } from '../../core/effort.ts';
import { type Fields, isFields, isNothing } from './fields.ts';
import { isWhole, toolFields } from './tool-fields.ts';

/** A model, less what servers fill in: `effort` is a bare level, and `speed` is there only where it is not standard. */
export type ModelFields = Fields & { readonly id: string };

/**
 * What a version of an agent is made of, in a form that can be compared. What nobody has said is null, or an empty
 * list or map.
 */
export type AgentFields = {
  readonly name: string;
  readonly description: string | null;
  readonly model: ModelFields;
  readonly tools: readonly unknown[];
  readonly mcp_servers: readonly unknown[];
  readonly skills: readonly unknown[];
  readonly multiagent: unknown;
  readonly execution_identity: unknown;
  readonly metadata: Fields;
  readonly system: string | null;
};

/** The fields that come back with more inside than was sent, and nobody here knows with what. */
const filledIn = ['mcp_servers', 'skills', 'multiagent', 'execution_identity'] as const;

/** Brings the fields of a file or of a server's answer into the form that can be compared. Their kinds are trusted. */
export function agentFields(given: Fields): AgentFields {
  return {
    name: given['name'] as string,
    description: textOrNull(given['description']),
    model: modelFields(given['model'] as string | ModelFields),
    tools: listOf(given['tools']).map(toolFields),
    mcp_servers: listOf(given['mcp_servers']),
    skills: listOf(given['skills']),
    multiagent: given['multiagent'] ?? null,
    execution_identity: isServer(given['execution_identity']) ? null : given['execution_identity'],
    metadata: (given['metadata'] ?? {}) as Fields,
    system: textOrNull(given['system']),
  };
}

/**
 * What a server holds, in the terms of a file: it fills in defaults, and what the file leaves open there is left out.
 * That goes for the effort of a model and for the inside of tools and their like, not for whole fields.
 */
export function inTermsOf(file: AgentFields, server: AgentFields): AgentFields {
  const { effort: _effort, ...model } = server.model;
  return {
    ...server,
    model: file.model['effort'] === undefined ? model : server.model,
    ...Object.fromEntries(filledIn.map((key) => [key, reduced(server[key], file[key])])),
    tools: server.tools.map((tool, i) => (isWhole(tool) ? tool : reduced(tool, file.tools[i]))),
  };
}

/** Whether a server holds all that a file says. */
export function holds(server: AgentFields, file: AgentFields): boolean {
  return canonicalJson(inTermsOf(file, server)) === canonicalJson(file);
}

/**
 * What a file is to say so that it stands for what a server holds; `file` is what it says so far, null nothing. What
 * servers fill in is left out where it is the usual, and where the file leaves it open.
 */
export function fieldsToPull(server: AgentFields, file: AgentFields | null): AgentFields {
  const { effort, ...model } = server.model;
  const isUsual = effort === defaultEffort && file?.model['effort'] === undefined;
  const pulled = { ...server, model: isUsual ? model : server.model };
  if (file === null) return pulled;
  const alike = inTermsOf(file, server);
  const kept = (['tools', ...filledIn] as const).filter(
    (key) => canonicalJson(alike[key]) === canonicalJson(file[key]),
  );
  return { ...pulled, ...Object.fromEntries(kept.map((key) => [key, file[key]])) };
}

/** The body of a request that makes an agent. */
export function creationOf(fields: AgentFields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => !isNothing(value)));
}

/** The body of a request that makes the next version: what the file no longer says is cleared. */
export function updateOf(
  fields: AgentFields,
  before: { readonly version: number; fields: AgentFields },
): Fields {
  const gone = Object.keys(before.fields.metadata).filter((key) => !Object.hasOwn(fields.metadata, key));
  const metadata = { ...fields.metadata, ...Object.fromEntries(gone.map((key) => [key, null])) };
  return { ...fields, metadata, version: before.version };
}

function modelFields(model: string | ModelFields): ModelFields {
  if (typeof model === 'string') return { id: model };
  const { effort, speed, ...rest } = model;
  const level = isFields(effort) ? effort['type'] : effort;
  const all = { ...rest, effort: level, speed: speed === 'standard' ? null : speed };
  const said = Object.entries(all).filter(([, value]) => !isNothing(value));
  return { ...Object.fromEntries(said), id: model.id };
}

function reduced(value: unknown, like: unknown): unknown {
  if (Array.isArray(value) && Array.isArray(like)) {
    return value.map((item, i) => (i < like.length ? reduced(item, like[i]) : item));
  }
  if (!isFields(value) || !isFields(like)) return value;
  const kept = Object.entries(value).filter(([key]) => Object.hasOwn(like, key));
  return Object.fromEntries(kept.map(([key, member]) => [key, reduced(member, like[key])]));
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Nobody in particular, which is what the server itself is called. */
function isServer(identity: unknown): boolean {
  return isNothing(identity) || (isFields(identity) && identity['type'] === 'service_account');
}
