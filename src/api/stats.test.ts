import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPawl, type TestPawl } from '../../test/pawl.ts';
import { catalog } from '../stats/catalog.ts';
import type { StatisticResponse } from './stats.ts';

let pawl: TestPawl;

beforeAll(async () => {
  pawl = await startPawl();
});
afterAll(async () => {
  await pawl.server.close();
});

function send(path: string, body?: string): Promise<Response> {
  return fetch(`${pawl.url}/pawl/v1/stats${path}`, {
    headers: { 'x-api-key': pawl.key, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { method: 'POST', body }),
  });
}

async function refused(path: string, body: string): Promise<unknown> {
  const response = await send(path, body);
  const { error } = (await response.json()) as {
    error: { message: string; details: { error_code: string } };
  };
  return { status: response.status, code: error.details.error_code, message: error.message };
}

test('Every statistic is listed with what it takes, and an example that fits', async () => {
  const { data, next_page } = (await (await send('')).json()) as {
    data: StatisticResponse[];
    next_page: null;
  };
  expect(next_page).toBeNull();
  expect(data.map(({ type, name, title, source }) => ({ type, name, title, source }))).toEqual(
    catalog.map(({ name, title, source }) => ({ type: 'statistic', name, title, source })),
  );
  const ajv = new Ajv2020();
  for (const { name, input, example } of data) expect(ajv.validate(input, example), name).toBe(true);
});

test.each(catalog.map(({ name, example, compute }) => [name, example, compute] as const))(
  'The example of %s is calculated',
  async (name, example, compute) => {
    const response = await send(`/${name}`, JSON.stringify(example));
    expect(response.status).toBe(200);
    const result: unknown = JSON.parse(JSON.stringify(compute(example)));
    expect(await response.json()).toEqual({ type: 'statistic_result', name, result });
  },
);

test.each(['median', 'toString', '__proto__', 'MEAN', 'mean%2F', '%00'])(
  'What is no statistic is not found: %s',
  async (name) => {
    expect(await refused(`/${name}`, '{}')).toMatchObject({
      ...{ status: 404, code: 'statistic_not_found', message: expect.stringMatching(/ does not exist$/) },
    });
  },
);

test.each([
  ['nothing', '', /^values: /],
  ['an empty object', '{}', /^values: /],
  ['a list', '[]', /expected object/],
  ['a number that is text', '{"values":[1,"2"]}', /^values\.1: /],
  ['a field too many', '{"values":[1],"median":true}', /median/],
  ['more than 100,000 values', `{"values":[${Array(100_001).fill(1).join(',')}]}`, /^values: /],
])('An input that does not fit is refused by its field: %s', async (_what, body, message) => {
  expect(await refused('/mean', body)).toMatchObject({
    ...{ status: 400, code: 'invalid_request', message: expect.stringMatching(message) },
  });
});

test('Others are served while a long calculation is under way', async () => {
  const baseline = Array.from({ length: 5000 }, (_, i) => (i % 7) / 7);
  const candidate = Array.from({ length: 5000 }, (_, i) => (i % 11) / 11);
  const ended: string[] = [];
  const long = send('/paired-scores', JSON.stringify({ baseline, candidate })).then((response) => {
    ended.push('long');
    return response;
  });
  for (let i = 0; i < 3; i++) {
    expect((await send('')).status).toBe(200);
    ended.push('short');
  }
  expect((await long).status).toBe(200);
  expect(ended).toEqual(['short', 'short', 'short', 'long']);
});
