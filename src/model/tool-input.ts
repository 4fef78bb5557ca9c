import { isNestedWithin } from '../core/nesting.ts';
import type { JsonObject } from '../core/tools.ts';

/** Far more than tools ask for, and far less than the stack holds when the input is written down. */
const mostLevels = 100;

/** A JSON object as it is; null for every other kind of value. */
export function jsonObject(value: unknown): JsonObject | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
}

/**
 * The input of a tool, from the JSON that a model wrote. Nothing at all is an empty object, since models write nothing
 * for a tool without properties. Null when the text is no JSON object, or one that is nested too deeply.
 */
export function readToolInput(json: string): JsonObject | null {
  if (json.trim() === '') return {};
  try {
    return toolInput(JSON.parse(json));
  } catch {
    return null;
  }
}

/** The input of a tool, from a value that came whole. Null when that is no object, or is nested too deeply. */
export function toolInput(value: unknown): JsonObject | null {
  const input = jsonObject(value);
  return isNestedWithin(input, mostLevels) ? input : null;
}
