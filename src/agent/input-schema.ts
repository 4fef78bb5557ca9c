import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { type JsonObject, withoutNulls } from '../core/tools.ts';

/** The most characters that a schema may have as JSON. */
const maxCharacters = 32_768;
/** Far more than people write, and far less than the stack holds. */
const maxDepth = 100;

const settings = { strict: false, logger: false } as const;
/** They only look at schemas, and make no code of them: nothing that a client sends is compiled. */
const draft07 = new Ajv(settings);
const draft2020 = new Ajv2020(settings);

/**
 * What keeps a JSON Schema from being the `input_schema` of a tool, or null when nothing does. It has to be of draft
 * 2020-12, or of draft-07 where its `$schema` says so, and to describe an object by itself: without references, and
 * without alternatives at its top.
 */
export function problemWithInputSchema(schema: JsonObject): string | null {
  const problem = problemWithin(schema);
  if (problem !== null) return problem;
  if (JSON.stringify(schema).length > maxCharacters) {
    return `must have at most ${maxCharacters} characters as JSON`;
  }
  if (schema['type'] !== 'object') return "must have 'object' as its type";
  const choice = ['oneOf', 'anyOf', 'allOf'].find((key) => Object.hasOwn(schema, key));
  if (choice !== undefined) return `must not have ${choice} at its top; put it inside of a property`;
  const ajv = draftOf(schema);
  if (ajv === null) return 'must have draft 2020-12 or draft-07 as its $schema, or none';
  if (ajv.validateSchema(withoutNulls(schema)) === true) return null;
  const [error] = ajv.errors ?? [];
  const place = error?.instancePath.slice(1).replaceAll('/', '.') || 'its top';
  return `must be a JSON Schema, but ${place} ${error?.message}`;
}

function draftOf({ $schema }: JsonObject): Ajv | Ajv2020 | null {
  if ($schema === undefined) return draft2020;
  const known =
    typeof $schema === 'string' ? /^https?:\/\/json-schema\.org\/(.+)\/schema#?$/.exec($schema) : null;
  if (known?.[1] === 'draft-07') return draft07;
  return known?.[1] === 'draft/2020-12' ? draft2020 : null;
}

/** A member of a schema: one itself, a map or a list of some, or data that only looks like one. */
type Part = { readonly value: unknown; readonly is: 'schema' | 'schemas' | 'data' };

/** Looks at all that a schema holds, level by level, so that no depth is too much for the stack. */
function problemWithin(schema: JsonObject): string | null {
  let level: Part[] = [{ value: schema, is: 'schema' }];
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > maxDepth) return `must not be more than ${maxDepth} levels deep`;
    const next: Part[] = [];
    for (const part of level) {
      if (typeof part.value !== 'object' || part.value === null) continue;
      for (const [key, value] of Object.entries(part.value)) {
        const problem = part.is === 'schema' ? problemWithMember(key, value) : null;
        if (problem !== null) return problem;
        next.push({ value, is: partOf(part, key, value) });
      }
    }
    level = next;
  }
  return null;
}

const maps = ['properties', 'patternProperties', 'dependentSchemas', '$defs', 'definitions'];
const plain = ['enum', 'const', 'default', 'examples'];

function partOf(parent: Part, key: string, value: unknown): Part['is'] {
  if (parent.is !== 'schema') return parent.is === 'data' ? 'data' : 'schema';
  if (plain.includes(key)) return 'data';
  return maps.includes(key) || Array.isArray(value) ? 'schemas' : 'schema';
}

function problemWithMember(key: string, value: unknown): string | null {
  if (['$ref', '$dynamicRef', '$recursiveRef'].includes(key)) {
    return `must not hold ${key}; put what it refers to in its place`;
  }
  const patterns = key === 'pattern' ? [value] : key === 'patternProperties' ? Object.keys(value ?? {}) : [];
  const wrong = patterns.find((pattern) => typeof pattern === 'string' && !isRegex(pattern));
  return wrong === undefined ? null : `must hold no pattern that is no regular expression, as ${wrong} is`;
}

function isRegex(pattern: string): boolean {
  try {
    return new RegExp(pattern) instanceof RegExp;
  } catch {
    return false;
  }
}
