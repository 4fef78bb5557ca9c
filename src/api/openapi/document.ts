import type { z } from 'zod';
import { type ErrorCode, errorCatalog } from '../../core/errors.ts';
import { errorAnswer } from '../wire/answers/errors.ts';
import { type Content, type Operation, type Operations, tags } from './operation.ts';
import { createSchemas, type JsonSchema } from './schemas.ts';

/** A route as it is registered, with the schemas that its requests are checked against. */
export type Route = {
  readonly method: string;
  readonly url: string;
  readonly params?: z.ZodType | undefined;
  readonly querystring?: z.ZodType | undefined;
  readonly body?: z.ZodType | undefined;
};

type Schemas = ReturnType<typeof createSchemas>;
type OperationObject = Readonly<Record<string, unknown>>;

/** Describes routes as a document of OpenAPI 3.1; those that no operation tells of are left out. */
export function openapiDocument(routes: readonly Route[], operations: Operations) {
  const schemas = createSchemas();
  const registered = new Map(routes.map((route) => [`${route.method} ${route.url}`, route]));
  const paths: Record<string, Record<string, OperationObject>> = {};
  for (const [operationId, operation] of Object.entries(operations)) {
    const route = registered.get(operation.route);
    if (route === undefined) continue;
    const path = route.url.replaceAll(/:(\w+)/g, '{$1}');
    const described = { operationId, ...describe({ route, operation, schemas }) };
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: described };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Pawl',
      version: 'v1',
      description:
        'Datasets, evals, comparisons and what else this server adds to the Anthropic API, which it serves under `/v1` and which is described by Anthropic. Lists come in pages: as long as `next_page` is not null, the next one is to be had with it. Clients have to take fields that they do not know.',
    },
    servers: [{ url: '/', description: 'The server that this document came from.' }],
    security: [{ api_key: [] }, { bearer: [] }, { sign_in: [] }],
    tags: Object.entries(tags).map(([name, { about }]) => ({ name, description: about })),
    paths,
    components: {
      schemas: schemas.components,
      headers: {
        'request-id': { description: 'The id of the request, `req_…`.', schema: { type: 'string' } },
      },
      securitySchemes: {
        api_key: { type: 'apiKey', in: 'header', name: 'x-api-key' },
        bearer: { type: 'http', scheme: 'bearer' },
        sign_in: { type: 'apiKey', in: 'cookie', name: 'pawl_sign_in' },
      },
    },
  };
}

type Described = { readonly route: Route; readonly operation: Operation; readonly schemas: Schemas };

function describe({ route, operation, schemas }: Described): OperationObject {
  const { tag, summary, description, open } = operation;
  const inPath = parametersIn('path', route.params, schemas).map((one) => ({
    ...one,
    description: one.description ?? tags[tag].id,
  }));
  const inQuery = parametersIn('query', route.querystring, schemas);
  const body = bodyOf({ route, operation, schemas });
  const errors = [
    ...usualErrors,
    ...(body === null ? [] : bodyErrors),
    ...(inQuery.some(({ name }) => name === 'page') ? (['invalid_page'] as const) : []),
    ...operation.errors,
  ];
  return {
    tags: [tag],
    ...{ summary, ...(description === undefined ? {} : { description }) },
    ...(open === true ? { security: [] } : {}),
    parameters: [...inPath, ...inQuery],
    ...(body === null ? {} : { requestBody: body }),
    responses: {
      200: { description: summary, headers, content: contentOf(operation.answer, 'output', schemas) },
      ...errorResponses(errors, schemas),
    },
  };
}

const headers = { 'request-id': { $ref: '#/components/headers/request-id' } };
const usualErrors = [
  'invalid_request',
  'authentication',
  'permission',
  'rate_limited',
  'internal',
  'overloaded',
] as const;
const bodyErrors = ['request_too_large', 'request_timeout'] as const;

function parametersIn(place: 'path' | 'query', schema: z.ZodType | undefined, schemas: Schemas) {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = schemas.of(schema, 'input');
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...rest } = property as JsonSchema;
    return { name, in: place, required: required.includes(name), description, schema: rest };
  });
}

function bodyOf({ route, operation, schemas }: Described) {
  if (operation.body !== undefined) {
    return { required: true, content: contentOf(operation.body, 'input', schemas) };
  }
  if (route.body === undefined) return null;
  // No body at all is read as an empty object.
  const required = !route.body.safeParse({}).success;
  return { required, content: contentOf({ 'application/json': route.body }, 'input', schemas) };
}

function contentOf(content: Content, io: 'input' | 'output', schemas: Schemas) {
  return Object.fromEntries(
    Object.entries(content).map(([type, schema]) => [type, { schema: schemas.of(schema, io) }]),
  );
}

/** Errors by their status, each with a line for every code that it may stand for. */
function errorResponses(errors: readonly ErrorCode[], schemas: Schemas) {
  const byStatus = Map.groupBy(errors, (code) => errorCatalog[code].status);
  const content = contentOf({ 'application/json': errorAnswer }, 'output', schemas);
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => {
      const lines = codes.map((code) => `\`${code}\`: ${errorCatalog[code].meaning}`);
      return [status, { description: lines.join('\n\n'), headers, content }];
    }),
  );
}
