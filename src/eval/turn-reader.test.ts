import { describe, expect, it } from 'vitest';
import { noRequestUsage } from '../core/usage.ts';
import { endsTurn, readTurn, type SessionEvent, saysThrottled } from './turn-reader.ts';

const events = (...list: readonly object[]) => list as unknown as SessionEvent[];
const says = (text: string) => ({ type: 'agent.message', content: [{ type: 'text', text }] });
const idle = (type = 'end_turn', event_ids: readonly string[] = []) => ({
  type: 'session.status_idle',
  stop_reason: { type, event_ids },
});
const fails = (type: string, retry: string, message = 'it broke') => ({
  type: 'session.error',
  error: { type, message, retry_status: { type: retry } },
});
const requestEnd = (pawl?: object | null) => ({
  type: 'span.model_request_end',
  model_usage: {
    input_tokens: 10,
    output_tokens: 2,
    cache_read_input_tokens: 3,
    cache_creation_input_tokens: 4,
  },
  ...(pawl === undefined ? {} : { pawl }),
});
const options = { model: 'claude', takes_tool_calls: false };

describe('reading a turn', () => {
  it('joins what the agent said, in order', () => {
    const turn = readTurn(events(says('{"team":'), says(' "billing"}'), idle()), options);
    expect(turn).toMatchObject({ ok: true, outcome: { reply: '{"team": "billing"}', served_by: 'claude' } });
  });

  it('adds up the tokens of all requests, and names who answered last where the endpoint says so', () => {
    const told = events(
      requestEnd({ provider: 'openai', model: 'llama' }),
      requestEnd(null),
      says('a'),
      idle(),
    );
    expect(readTurn(told, options)).toMatchObject({
      ok: true,
      outcome: {
        usage: { input_tokens: 20, output_tokens: 4, cache_read_tokens: 6, cache_write_tokens: 8 },
        served_by: 'openai/llama',
      },
    });
  });

  it('takes what the endpoint says that its requests cost, and nothing where it is silent about one', () => {
    const paid = (cost_usd: number | null) => requestEnd({ provider: 'openai', model: 'llama', cost_usd });
    const failed = { ...requestEnd(null), model_usage: noRequestUsage };
    const costOf = (...ends: object[]) => {
      const turn = readTurn(events(...ends, says('a'), idle()), options);
      return turn.ok ? turn.outcome.cost_usd : turn.error;
    };
    expect(costOf(paid(0.1), failed, paid(0.2))).toBe(0.3);
    expect(costOf(paid(0))).toBe(0);
    expect(costOf(paid(0.1), paid(null))).toBeNull();
    expect(costOf(paid(0.1), requestEnd())).toBeNull();
    expect(costOf(requestEnd({ provider: 'openai', model: 'llama', cost_usd: 'much' }))).toBeNull();
    expect(costOf()).toBeNull();
  });

  it('keeps tool calls in their order, whoever carries them out', () => {
    const called = events(
      { type: 'agent.tool_use', name: 'bash', input: { command: 'ls' } },
      { type: 'agent.mcp_tool_use', name: 'search', input: { q: 'x' } },
      { type: 'agent.custom_tool_use', name: 'route', input: { team: 'billing' } },
      idle('requires_action'),
    );
    const turn = readTurn(called, { ...options, takes_tool_calls: true });
    expect(turn.ok && turn.outcome.tool_calls.map(({ name }) => name)).toEqual(['bash', 'search', 'route']);
  });

  it('calls it an error when the agent waits for a result that an eval cannot give', () => {
    const calls = [
      { id: 'sevt_1', type: 'agent.tool_use', name: 'made_up', input: {} },
      { id: 'sevt_2', type: 'agent.custom_tool_use', name: 'route', input: {} },
      { id: 'sevt_3', type: 'agent.mcp_tool_use', name: 'drop', input: {} },
    ];
    const endOf = (...waitedFor: string[]) =>
      readTurn(events(says('Wait.'), ...calls, idle('requires_action', waitedFor)), options);
    const waits = (message: string) => ({ ok: false, error: { kind: 'needs_action', message } });
    expect(endOf('sevt_2')).toEqual(waits('the agent called the tool route, which nobody has answered'));
    expect(endOf('sevt_3')).toEqual(waits('the agent called the tool drop, which nobody has allowed'));
    expect(endOf('sevt_2', 'sevt_3')).toEqual(
      waits('the agent called the tools route, drop, which nobody has answered'),
    );
    expect(endOf('sevt_9')).toEqual(waits('the agent called a tool, which nobody has answered'));
  });

  it('reads on where somebody has answered the call', () => {
    const answered = events(
      { id: 'sevt_1', type: 'agent.custom_tool_use', name: 'route', input: {} },
      idle('requires_action', ['sevt_1']),
      { type: 'user.custom_tool_result', custom_tool_use_id: 'sevt_1' },
      says('Done.'),
      idle(),
    );
    expect(readTurn(answered, options)).toMatchObject({
      ok: true,
      outcome: { reply: 'Done.', tool_calls: [{ name: 'route', input: {} }] },
    });
  });

  it('takes as the reply what follows the last call or result, and all of it where nothing does', () => {
    const call = { type: 'agent.mcp_tool_use', name: 'search', input: {} };
    const result = { type: 'agent.mcp_tool_result', mcp_tool_use_id: 'sevt_1' };
    const replyOf = (...told: object[]) => {
      const turn = readTurn(events(...told, idle()), options);
      return turn.ok ? turn.outcome.reply : turn.error;
    };
    expect(replyOf(says('Let me look. '), call, result, says('It is '), says('42.'))).toBe('It is 42.');
    expect(replyOf(says('One. '), call, result, says('Two. '), call, result, says(' '))).toBe('One. Two.  ');
    expect(replyOf(says('Bye.'), call, result)).toBe('Bye.');
    expect(replyOf(call, result)).toBe('');
  });

  it('does not mind an MCP server that is away where the agent answered without it', () => {
    for (const status of ['retrying', 'exhausted', 'terminal']) {
      const told = events(fails('mcp_connection_failed_error', status), says('fine'), idle());
      expect(readTurn(told, options)).toMatchObject({ ok: true, outcome: { reply: 'fine' } });
    }
  });

  it('takes a turn as ended whose last request used the budget up', () => {
    const thread = { type: 'session.thread_status_idle', stop_reason: { type: 'end_turn' } };
    expect(readTurn(events(says('all'), thread, idle('budget_reached')), options).ok).toBe(true);
  });

  it('takes a budget that was used up as an error', () => {
    expect(readTurn(events(says('half'), idle('budget_reached')), options)).toMatchObject({
      error: { kind: 'model', message: 'the budget of the session was used up' },
    });
  });

  it('takes a model that broke for good as an error, and one that recovered as none', () => {
    expect(readTurn(events(fails('unknown_error', 'exhausted'), idle('retries_exhausted')), options)).toEqual(
      {
        ok: false,
        error: { kind: 'model', message: 'it broke' },
      },
    );
    expect(readTurn(events(fails('unknown_error', 'retrying'), says('fine'), idle()), options).ok).toBe(true);
    expect(readTurn(events(idle('retries_exhausted')), options)).toMatchObject({ error: { kind: 'model' } });
  });

  it('takes a session that was ended from outside as an error', () => {
    for (const type of ['session.status_terminated', 'session.deleted']) {
      expect(readTurn(events(says('half'), { type }), options)).toMatchObject({
        ok: false,
        error: { kind: 'endpoint' },
      });
    }
  });

  it('takes a refusal as what the agent answered', () => {
    expect(readTurn(events(says('I cannot do that'), idle('refusal')), options)).toMatchObject({
      ok: true,
      outcome: { reply: 'I cannot do that' },
    });
  });
});

describe('the events of a turn', () => {
  it('end with being idle, terminated or deleted', () => {
    const ending = ['session.status_idle', 'session.status_terminated', 'session.deleted'];
    expect(ending.every((type) => endsTurn({ type }))).toBe(true);
    expect(endsTurn({ type: 'session.status_running' })).toBe(false);
  });

  it('say that the model is asked too much only by errors of that kind', () => {
    const [limited, overloaded, other, none] = events(
      fails('model_rate_limited_error', 'retrying'),
      fails('model_overloaded_error', 'retrying'),
      fails('billing_error', 'exhausted'),
      idle(),
    );
    expect(
      [limited, overloaded, other, none].map((event) => event !== undefined && saysThrottled(event)),
    ).toEqual([true, true, false, false]);
  });
});
