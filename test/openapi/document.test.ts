import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { openapiDocument } from '../../src/api/openapi/document.ts';
import { operations } from '../../src/api/openapi/operations.ts';
import { type RegisteredRoute, registeredRoutes } from '../registered-routes.ts';
import { type OpenapiDocument, operationsOf, type PlacedOperation, type Schema } from './openapi-document.ts';

/*
 * The goal: the OpenAPI document tells of every route, whole and in words. The method: the routes as the HTTP library
 * has them, and the schemas that it checks requests with, are set against what the document says.
 */

let routes: RegisteredRoute[];
let document: OpenapiDocument;
let described: PlacedOperation[];

beforeAll(async () => {
  routes = (await registeredRoutes()).filter(({ url }) => url.startsWith('/pawl/v1/'));
  const given = routes.map(({ schema, ...route }) => ({ ...route, ...schema }));
  document = JSON.parse(JSON.stringify(openapiDocument(given, operations))) as OpenapiDocument;
  described = operationsOf(document);
});

const nameOf = ({ method, url }: RegisteredRoute): string => `${method} ${url}`;

function operationOf({ method, url }: RegisteredRoute): PlacedOperation {
  const path = url.replaceAll(/:(\w+)/g, '{$1}');
  const found = described.find((one) => one.method === method && one.path === path);
  if (found === undefined) throw new Error(`${method} ${path} is not in the document`);
  return found;
}

/** Every object in a document, with the names that lead to it. */
function* partsOf(part: unknown, trail: readonly string[] = []): Generator<[readonly string[], Schema]> {
  if (typeof part !== 'object' || part === null) return;
  if (!Array.isArray(part)) yield [trail, part as Schema];
  for (const [name, member] of Object.entries(part)) yield* partsOf(member, [...trail, name]);
}

/** Every field that a schema has, at any depth, except in what it refers to. */
function* fieldsIn(schema: Schema, trail: string): Generator<[string, Schema]> {
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    yield [`${trail}.${name}`, field];
    yield* fieldsIn(field, `${trail}.${name}`);
  }
  const members = [
    ...(schema.anyOf ?? []),
    ...(schema.oneOf ?? []),
    schema.items,
    schema.additionalProperties,
  ];
  for (const member of members) if (typeof member === 'object') yield* fieldsIn(member, trail);
}

describe('The OpenAPI document', () => {
  test('tells of every route under /pawl/v1, and of no other', () => {
    expect(routes.map(nameOf)).toContain('POST /pawl/v1/datasets/import');
    const told = Object.values(operations).map(({ route }) => route);
    expect(told.toSorted()).toEqual(routes.map(nameOf).toSorted());
    expect(described).toHaveLength(routes.length);
  });

  test('leaves out what is told of a route that is not there', () => {
    const { paths } = openapiDocument([{ method: 'GET', url: '/pawl/v1/stats' }], operations);
    expect(Object.keys(paths)).toEqual(['/pawl/v1/stats']);
  });

  test('has the shape that OpenAPI 3.1 asks for', () => {
    expect(document.openapi).toMatch(/^3\.1\.\d$/);
    expect(document.info).toMatchObject({ title: 'Pawl', version: 'v1' });
    const tags = document.tags.map(({ name }) => name);
    expect(new Set(described.map(({ operationId }) => operationId)).size).toBe(described.length);
    for (const { operationId, path, summary, parameters, requestBody, ...one } of described) {
      expect(operationId).toMatch(/^[a-z_]+$/);
      expect(tags).toEqual(expect.arrayContaining([...one.tags]));
      expect(summary).toMatch(/^[A-Z].*\.$/);
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      expect(parameters.filter((each) => each.in === 'path').map(({ name }) => name)).toEqual(inPath);
      expect(parameters.every((each) => each.required || each.in === 'query')).toBe(true);
      expect(Object.keys(one.responses)).toEqual(expect.arrayContaining(['200', '400', '401', '500']));
      expect(Object.keys(requestBody?.content ?? { any: {} })).not.toEqual([]);
    }
    expect(new Set(described.flatMap((one) => one.tags))).toEqual(new Set(tags));
  });

  test('refers only to what it has, and has nothing that is not referred to', () => {
    const referred = new Set([...partsOf(document)].flatMap(([, { $ref }]) => $ref ?? []));
    const held = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`);
    expect([...referred].toSorted()).toEqual([...held, '#/components/headers/request-id'].toSorted());
  });

  test('has only JSON Schemas of the draft that goes with OpenAPI 3.1', () => {
    const ajv = new Ajv2020({ strict: true, strictTypes: false, keywords: ['components'] });
    addFormats.default(ajv);
    const { components } = document;
    const schemas = [
      ...described.flatMap((one) => one.parameters.map(({ schema }) => schema)),
      ...described
        .flatMap((one) => [one.requestBody, ...Object.values(one.responses)])
        .flatMap((part) => Object.values(part?.content ?? {}).map(({ schema }) => schema)),
    ];
    expect(() => ajv.compile({ components, anyOf: schemas })).not.toThrow();
  });

  test('says of every parameter and of every field what it is', () => {
    const parameters = described.flatMap(({ operationId, parameters: all }) =>
      all.map((one): [string, Schema] => [`${operationId} ${one.name}`, one]),
    );
    const fields = [...partsOf(document.components.schemas)]
      .filter(([trail]) => trail.length === 1)
      .flatMap(([trail, schema]) => [...fieldsIn(schema, trail.join('.'))]);
    const inline = described.flatMap(({ operationId, requestBody, responses }) =>
      [requestBody, ...Object.values(responses)]
        .flatMap((part) => Object.values(part?.content ?? {}))
        .flatMap(({ schema }) => [...fieldsIn(schema, operationId)]),
    );
    const all = [...parameters, ...fields, ...inline];
    expect(all.length).toBeGreaterThan(300);
    const silent = all.filter(
      ([place, { description, const: fixed }]) =>
        // What a setting of a scorer is made of is told with the setting.
        description === undefined && fixed === undefined && !/\.scorers\.\w+\.\w+$/.test(place),
    );
    expect(silent.map(([place]) => place)).toEqual([]);
  });
});

describe('Every field that a route checks is in the document', () => {
  test('in the path and the query', () => {
    for (const route of routes) {
      const { parameters } = operationOf(route);
      for (const [part, place] of [
        ['params', 'path'],
        ['querystring', 'query'],
      ] as const) {
        const schema = route.schema[part];
        const checked = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
        const told = parameters.filter((one) => one.in === place).map(({ name }) => name);
        expect(told, nameOf(route)).toEqual(checked);
      }
    }
  });

  test('and in the body, at any depth', () => {
    const resolve = (schema: Schema): Schema =>
      schema.$ref === undefined
        ? schema
        : resolve(document.components.schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {});
    for (const route of routes) {
      const { body } = route.schema;
      if (body === undefined) continue;
      const told = operationOf(route).requestBody?.content['application/json']?.schema ?? {};
      const names = [...fieldsIn(resolve(told), '')].map(([name]) => name);
      expect(new Set(names), nameOf(route)).toEqual(new Set(shapeOf(body, '')));
    }
  });

  test.each([
    ['create_key', 'role', 'editor'],
    ['create_calibration', 'splits', 200],
    ['put_eval', 'reply', 'text'],
    ['put_eval', 'gate', {}],
  ])('with its default: %s %s', (operationId, field, usual) => {
    const { requestBody } = described.find((one) => one.operationId === operationId) ?? {};
    const name = requestBody?.content['application/json']?.schema.$ref?.split('/').at(-1) ?? '';
    expect(document.components.schemas[name]?.properties?.[field]).toMatchObject({ default: usual });
  });
});

/** Every field that a schema of zod takes, at any depth. */
function shapeOf(schema: z.core.$ZodType, trail: string): string[] {
  const def = { ...schema._zod.def } as Readonly<Record<string, unknown>>;
  const inner = ['innerType', 'element', 'valueType', 'in', 'out'].flatMap((name) => {
    const one = def[name] as z.core.$ZodType | undefined;
    return one === undefined ? [] : shapeOf(one, trail);
  });
  const options = ((def['options'] ?? []) as z.core.$ZodType[]).flatMap((one) => shapeOf(one, trail));
  const fields = Object.entries((def['shape'] ?? {}) as Record<string, z.core.$ZodType>).flatMap(
    ([name, field]) => [`${trail}.${name}`, ...shapeOf(field, `${trail}.${name}`)],
  );
  return [...inner, ...options, ...fields];
}
