import type { JsonObject } from '../core/tools.ts';

/** A JSON object as it is; null for every other kind of value. */
export function jsonObject(value: unknown): JsonObject | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
}

/**
 * The input of a tool, from the JSON that a model wrote. Nothing at all is an empty object, since models write nothing
 * for a tool without properties. Null when the text is no JSON object.
 */
export function readToolInput(json: string): JsonObject | null {
  if (json.trim() === '') return {};
  try {
    return jsonObject(JSON.parse(json));
  } catch {
    return null;
  }
}
