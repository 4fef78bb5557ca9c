import { z } from 'zod';
import { scorerConfig, scorers } from '../../eval/scorers/scorers.ts';

/** A JSON Schema of draft 2020-12, which is what OpenAPI 3.1 has. */
export type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Whether a schema is of what clients send or of what they get. */
type Side = 'input' | 'output';

/** Turns schemas into JSON Schema. Those with an `id` become components and are referred to. */
export function createSchemas() {
  const components: Record<string, JsonSchema> = {};
  const known = { input: new Map<z.ZodType, JsonSchema>(), output: new Map<z.ZodType, JsonSchema>() };
  return {
    components,

    of(schema: z.ZodType, io: Side): JsonSchema {
      const before = known[io].get(schema);
      if (before !== undefined) return before;
      // Inside of another one, also the schema itself is referred to if it has an id.
      const whole = z.toJSONSchema(z.object({ schema }), {
        ...{ io, unrepresentable: 'any' },
        override: ({ zodSchema, jsonSchema }) => adapt(jsonSchema, { zodSchema, io }),
      });
      const text = JSON.stringify(whole).replaceAll(/"#\/\$defs\/(\w+)"/g, (_, id: string) =>
        JSON.stringify(`#/components/schemas/${nameOf(id)}`),
      );
      const { properties, $defs } = JSON.parse(text) as JsonSchema;
      for (const [id, one] of Object.entries($defs ?? {})) components[nameOf(id)] = one as JsonSchema;
      const made = properties?.['schema'] as JsonSchema;
      known[io].set(schema, made);
      return made;
    },
  };
}

/** The only schema without an id that refers to itself is the one of any JSON. */
function nameOf(id: string): string {
  return id.startsWith('__') ? 'Json' : id;
}

function adapt(schema: JsonSchema, { zodSchema, io }: { zodSchema: z.core.$ZodType; io: Side }): void {
  // What every number keeps to that is read out of JSON says nothing.
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  // Answers may grow, and a client must not mind.
  if (io === 'output' && schema.additionalProperties === false) delete schema.additionalProperties;
  if (io === 'output') return;
  // The default of something that is read into another shape is lost on the way, unless it is stated beside it.
  const usual = z.globalRegistry.get(zodSchema)?.['default'];
  if (usual !== undefined) schema.default = usual;
  if (zodSchema === scorerConfig) {
    const alone = Object.keys(scorers).filter((type) => scorerConfig.safeParse(type).success);
    const shorthand = { type: 'string' as const, enum: alone, description: 'A scorer as it is by default.' };
    schema.oneOf = [shorthand, ...(schema.oneOf ?? [])];
  }
}
