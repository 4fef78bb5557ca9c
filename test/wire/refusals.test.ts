import type Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startPawl, type TestPawl } from '../pawl.ts';
import { errorOf, history, makeSetting, openSession, type Setting } from '../story.ts';

/*
 * The goal: whoever is refused learns which field is at fault, and whether it is wrong or only not there yet.
 */

let pawl: TestPawl;
let client: Anthropic;
let setting: Setting;
let sessionId: string;

beforeAll(async () => {
  pawl = await startPawl();
  client = pawl.client;
  setting = await makeSetting(client);
  sessionId = (await openSession(client, setting)).id;
});

afterAll(() => pawl.server.close());

/** The code and the sentence of a refusal. */
async function refusal(call: PromiseLike<unknown>): Promise<{ code: string; message: string }> {
  const error = await errorOf(call);
  expect(error.status).toBe(400);
  const body = error.error as { error: { message: string; details: { error_code: string } } };
  return { code: body.error.details.error_code, message: body.error.message };
}

const send = (content: unknown) =>
  client.beta.sessions.events.send(sessionId, { events: [{ type: 'user.message', content } as never] });
const hello = { type: 'text', text: 'Hello' };

describe('A block of a message', () => {
  test.each<[string, unknown, RegExp]>([
    ['of another type', [hello, { type: 'redacted' }], /^events\.0\.content\.1\.type: /],
    [
      'that only tools send',
      [hello, { type: 'search_result', source: 'x', title: 'x', content: [hello] }],
      /^events\.0\.content\.1\.type: must be one of text, image, document$/,
    ],
    ['without a type', [hello, {}], /^events\.0\.content\.1\.type: /],
    ['with a number as its text', [hello, { type: 'text', text: 5 }], /^events\.0\.content\.1\.text: /],
    ['with a field too many', [{ ...hello, size: 5 }], /^events\.0\.content\.0: .*size/],
    ['that is null', [null], /^events\.0\.content\.0\.type: /],
    ['outside a list', hello, /^events\.0\.content: must be a list of blocks$/],
    ['that is a number', 5, /^events\.0\.content: must be a list of blocks$/],
    ['that is missing', undefined, /^events\.0\.content: must be a list of blocks$/],
    ['that is blank', [{ type: 'text', text: ' \n' }], /^events\.0\.content: must hold some text$/],
    ['that is blank plain text', ' ', /^events\.0\.content: must hold some text$/],
  ])('%s is wrong, and its place is named', async (_what, content, sentence) => {
    const { code, message } = await refusal(send(content));
    expect(code).toBe('invalid_request');
    expect(message).toMatch(sentence);
    expect(await history(client, sessionId)).toEqual([]);
  });
});

describe('An event', () => {
  const sendEvent = (event: object) =>
    client.beta.sessions.events.send(sessionId, { events: [{ type: 'user.interrupt' }, event as never] });

  test.each(['user.tool_result', 'user.define_outcome'])('%s is not supported', async (type) => {
    const { code, message } = await refusal(sendEvent({ type }));
    expect(code).toBe('not_supported');
    expect(message).toMatch(new RegExp(`^events\\.1\\.type: '${type}' events are not supported`));
  });

  test('of another type is wrong, and so is a reason beside a permission', async () => {
    const other = await refusal(sendEvent({ type: 'agent.message' }));
    expect(other).toMatchObject({
      code: 'invalid_request',
      message: expect.stringMatching(/^events\.1\.type: /),
    });
    const allow = { type: 'user.tool_confirmation', tool_use_id: 'sevt_x', result: 'allow' };
    const { message } = await refusal(sendEvent({ ...allow, deny_message: 'No.' }));
    expect(message).toBe("events.1.deny_message: goes with the result 'deny' alone");
    expect(await history(client, sessionId)).toEqual([]);
  });

  test('is wrong rather than not supported when another is wrong', async () => {
    const unsupported = { type: 'user.tool_result', tool_use_id: 'sevt_x' };
    const send = client.beta.sessions.events.send(sessionId, {
      events: [unsupported as never, { type: 'user.message', content: [{ type: 'text', text: 5 }] as never }],
    });
    const { code, message } = await refusal(send);
    expect(code).toBe('invalid_request');
    expect(message).toMatch(/events\.0\.type: .*; events\.1\.content\.0\.text: /);
  });
});

describe('A model', () => {
  const calls: [string, (model: unknown) => PromiseLike<unknown>, string][] = [
    ['of a new agent', (model) => client.beta.agents.create({ name: 'a', model: model as never }), 'model'],
    [
      'of an update',
      (model) => client.beta.agents.update(setting.agent.id, { version: 1, model: model as never }),
      'model',
    ],
    [
      'of an override',
      (model) => {
        const agent = { type: 'agent_with_overrides', id: setting.agent.id, model };
        return openSession(client, setting, { agent: agent as never });
      },
      'agent.model',
    ],
  ];
  const wrong: [unknown, string, string][] = [
    [{ id: 'm', speed: 'fast' }, 'not_supported', '.speed: '],
    [{ id: 'm', speed: 'slow' }, 'invalid_request', '.speed: '],
    [{ id: 5 }, 'invalid_request', '.id: '],
    [{}, 'invalid_request', '.id: '],
    [{ id: 'm', effort: 'utmost' }, 'invalid_request', '.effort: must be one of '],
    [5, 'invalid_request', ': must be a model id, or an object with an id'],
    [true, 'invalid_request', ': must be a model id, or an object with an id'],
    ['', 'invalid_request', ': must not be empty'],
  ];

  describe.each(calls)('%s', (_where, call, path) => {
    test.each(wrong)('that is %j is refused as %s, at its place and once', async (model, code, sentence) => {
      const refused = await refusal(call(model));
      expect(refused.code).toBe(code);
      expect(refused.message.startsWith(`${path}${sentence}`), refused.message).toBe(true);
      expect(refused.message.split('model.speed').length).toBeLessThanOrEqual(2);
    });
  });

  test('with a speed that is standard, or none, is taken', async () => {
    for (const speed of ['standard', null, undefined]) {
      const agent = await client.beta.agents.create({ name: 'a', model: { id: 'm', speed } as never });
      expect(agent.model).toMatchObject({ id: 'm' });
    }
  });
});

describe('What is allowed is said in words where', () => {
  const events = (body: object) => client.post(`/v1/sessions/${sessionId}/events`, { body });
  const image = (source: object) => send([{ type: 'image', source }]);

  test.each<[string, () => PromiseLike<unknown>, string]>([
    [
      ...(['a budget is empty', () => openSession(client, setting, { budget: {} as never })] as const),
      "budget.type: must be 'limit'; budget.max_list_cost: must be given, as an object",
    ],
    ['events are null', () => events({ events: null }), 'events: must be a list of events'],
    [
      ...(['an order is none', () => client.get('/v1/sessions', { query: { order: 'up' } })] as const),
      'order: must be one of asc, desc',
    ],
    [
      ...(['the id of a file is null', () => image({ type: 'file', file_id: null })] as const),
      'events.0.content.0.source.file_id: must be the id of a file',
    ],
    [
      ...([
        'an agent is of another type',
        () => openSession(client, setting, { agent: { type: 'x' } as never }),
      ] as const),
      'agent.type: must be one of agent, agent_with_overrides',
    ],
  ])('%s', async (_what, call, message) => {
    expect(await refusal(call())).toEqual({ code: 'invalid_request', message });
  });
});
