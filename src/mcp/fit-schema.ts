import { Ajv2020 } from 'ajv/dist/2020.js';
import { isNestedWithin } from '../core/nesting.ts';
import type { JsonObject } from '../core/tools.ts';

/** Far more than servers write, and far less than the stack holds. */
const mostLevels = 100;
/** It only looks at schemas, and makes no code of them. */
const ajv = new Ajv2020({ strict: false, logger: false, validateFormats: false });

/**
 * Whether a model provider can be given a schema as a tool's input: a JSON Schema of an object. One tool with anything else
 * would fail every request of every session that has the tool.
 */
export function isFitSchema(schema: JsonObject): boolean {
  if (schema['type'] !== 'object' || !isNestedWithin(schema, mostLevels)) return false;
  const { $schema: _draft, ...rest } = schema;
  return ajv.validateSchema(rest) === true;
}
