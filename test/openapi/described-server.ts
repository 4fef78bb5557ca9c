import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect } from 'vitest';
import { type OpenapiDocument, operationsOf, type PlacedOperation, type Schema } from './openapi-document.ts';

/** What a request is made of. The path takes its parameters from `path`, in any order. */
export type Asked = {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as JSON, unless `type` says something else. */
  readonly body?: unknown;
  readonly type?: string;
  /** Another key than the server's own; false sends none. */
  readonly key?: string | false;
};

export type Answered = { readonly status: number; readonly type: string; readonly body: unknown };

/** A server that is asked by the names of its operations, and whose answers are held against its own document. */
export type DescribedServer = {
  readonly document: OpenapiDocument;
  /** Asks, and fails unless the answer is one of those that the document tells of. Gives it. */
  readonly ask: (operationId: string, asked?: Asked) => Promise<Answered>;
  /** As `ask`, and the answer must be no error. */
  readonly get: (operationId: string, asked?: Asked) => Promise<Record<string, never>>;
  /** The operations that have answered well so far. */
  readonly answered: ReadonlySet<string>;
  /** What is wrong with a value that is to be of a component of the document. */
  readonly misfits: (component: string, value: unknown) => string[];
};

/** Reads the document of a server. */
export async function describedServer({ url, key }: { url: string; key: string }): Promise<DescribedServer> {
  const headers = { 'x-api-key': key };
  const response = await fetch(`${url}/pawl/v1/openapi.json`, { headers });
  const document = (await response.json()) as OpenapiDocument;
  const operations = new Map(operationsOf(document).map((one) => [one.operationId, one]));
  const answered = new Set<string>();
  const misfits = strictChecker(document);

  const misfitsOf = (component: string, value: unknown): string[] =>
    misfits({ $ref: `#/components/schemas/${component}` }, value);

  async function ask(operationId: string, asked: Asked = {}): Promise<Answered> {
    const operation = operations.get(operationId);
    if (operation === undefined) throw new Error(`The document has no operation ${operationId}`);
    const { body, type = 'application/json' } = asked;
    const sent = await fetch(url + placeOf(operation, asked), {
      method: operation.method,
      headers: {
        ...(asked.key === false ? {} : { 'x-api-key': asked.key ?? key }),
        ...(body === undefined ? {} : { 'content-type': type }),
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const answer = await readAnswer(sent);
    const described = operation.responses[answer.status];
    expect(described, `${operationId} ${answer.status} ${JSON.stringify(answer.body)}`).toBeDefined();
    const schema = described?.content[answer.type]?.schema;
    expect(schema, `${operationId} as ${answer.type}`).toBeDefined();
    expect(misfits(schema ?? {}, answer.body), operationId).toEqual([]);
    if (answer.type === 'text/event-stream') checkEvents(schema, String(answer.body));
    if (answer.status === 200) {
      if (body !== undefined) {
        const taken = operation.requestBody?.content[type]?.schema;
        expect(misfits(taken ?? { const: 'nothing' }, body), `the body of ${operationId}`).toEqual([]);
      }
      answered.add(operationId);
    } else {
      const { error } = answer.body as { error: { details: { error_code: string } } };
      expect(described?.description).toContain(`\`${error.details.error_code}\``);
    }
    return answer;
  }

  /** Every event of a stream but pings is of the component that the stream's description names. */
  function checkEvents(schema: Schema | undefined, text: string): void {
    const [, event, component] = /`(\w+)`: its data is a `(\w+)`/.exec(schema?.description ?? '') ?? [];
    const frames = text.split('\n\n').filter((frame) => frame !== '' && !frame.startsWith('event: ping\n'));
    expect(frames.length).toBeGreaterThan(0);
    for (const frame of frames) {
      const [head, data = ''] = frame.split('\ndata: ');
      expect(head).toBe(`event: ${event}`);
      expect(misfitsOf(String(component), JSON.parse(data))).toEqual([]);
    }
  }

  return {
    document,
    ask,
    answered,
    misfits: misfitsOf,
    get: async (operationId, asked) => {
      const { status, body } = await ask(operationId, asked);
      expect(status, JSON.stringify(body)).toBe(200);
      return body as Record<string, never>;
    },
  };
}

function placeOf(
  { operationId, path, parameters }: PlacedOperation,
  { path: given = {}, query = {} }: Asked,
) {
  const known = parameters.filter((one) => one.in === 'query').map(({ name }) => name);
  expect(known, operationId).toEqual(expect.arrayContaining(Object.keys(query)));
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(given[name] ?? ''));
  return `${filled}?${new URLSearchParams(query)}`;
}

async function readAnswer(response: Response): Promise<Answered> {
  const text = await response.text();
  const type = response.headers.get('content-type')?.split(';')[0] ?? '';
  expect(response.headers.get('request-id')).toMatch(/^req_/);
  return { status: response.status, type, body: type === 'application/json' ? JSON.parse(text) : text };
}

/** Says what is wrong with a value; here a field that the document does not know is wrong too. */
function strictChecker(document: OpenapiDocument): (schema: Schema, value: unknown) => string[] {
  const ajv = new Ajv2020({ allErrors: true, strict: true, strictTypes: false, keywords: ['components'] });
  addFormats.default(ajv);
  const components = closed(document.components);
  const compiled = new Map<string, ReturnType<typeof ajv.compile>>();
  return (schema, value) => {
    const text = JSON.stringify(schema);
    const validate = compiled.get(text) ?? ajv.compile({ components, allOf: [closed(schema)] });
    compiled.set(text, validate);
    if (validate(value)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
    );
  };
}

function closed<T>(part: T): T {
  if (Array.isArray(part)) return part.map(closed) as T;
  if (typeof part !== 'object' || part === null) return part;
  const members = Object.entries(part).map(([name, member]) => [name, closed(member)]);
  const made = Object.fromEntries(members) as Schema;
  const open = typeof made.properties === 'object' && made.type === 'object';
  return (
    open && made.additionalProperties === undefined ? { ...made, additionalProperties: false } : made
  ) as T;
}
