import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import type { AgentResponse } from '../../../src/api/wire/agents.ts';
import type { SessionResponse } from '../../../src/api/wire/sessions.ts';
import { read, send } from '../http/client.ts';
import { useAction } from '../http/use-action.ts';
import { Button } from '../parts/button.tsx';
import { Failure } from '../parts/failure.tsx';
import { TextArea } from '../parts/field.tsx';
import type { ServerPage } from '../parts/list.tsx';
import { Transcript } from '../sessions/transcript.tsx';
import { useSessionEvents } from '../sessions/use-session-events.ts';
import { type Draft, draftProblem } from './draft.ts';
import { useAliases } from './versions.ts';

type Props = {
  readonly agent: AgentResponse;
  /** What has not been saved; null to try the version itself. */
  readonly draft: Draft | null;
};

type Pair = { readonly production: string; readonly candidate: string };

/** Puts a message to what production serves and to a draft, side by side. The draft is tried in a session of its own, and not saved. */
export function TryPanel({ agent, draft }: Props): ReactNode {
  const [text, setText] = useState('');
  const [pair, setPair] = useState<Pair | null>(null);
  const production = useAliases(agent.id).data?.data.find(({ name }) => name === 'production');
  const served = production?.version ?? agent.version;
  const problem = draft === null ? null : draftProblem(draft);
  const candidate = draft === null ? `version ${agent.version}` : 'your draft';
  const ask = useAction(
    async (message: string): Promise<Pair> => {
      const environment_id = await anEnvironment();
      const [one, other] = await Promise.all([
        open({ type: 'agent', id: agent.id, version: served }, environment_id),
        open(candidateOf(agent, draft), environment_id),
      ]);
      const event = { type: 'user.message', content: [{ type: 'text', text: message }] };
      await Promise.all([one, other].map((id) => send(`/v1/sessions/${id}/events`, { events: [event] })));
      return { production: one, candidate: other };
    },
    { onDone: setPair },
  );

  return (
    <>
      <TextArea label="A message to try" rows={3} value={text} onChange={setText} />
      <Failure error={ask.error} />
      <Button
        look="main"
        busy={ask.busy}
        disabledBecause={text.trim() === '' ? 'Write a message first' : problem}
        onPress={() => void ask.run(text)}
      >
        Ask both
      </Button>
      {pair !== null && (
        <div className="columns">
          <Answer
            title={`Version ${served}${production?.version === served ? ', production' : ''}`}
            id={pair.production}
          />
          <Answer title={candidate.charAt(0).toUpperCase() + candidate.slice(1)} id={pair.candidate} />
        </div>
      )}
    </>
  );
}

function Answer({ title, id }: { readonly title: string; readonly id: string }): ReactNode {
  const { events, preview } = useSessionEvents(id);
  return (
    <section className="panel" aria-label={title}>
      <h3>{title}</h3>
      <Transcript events={events ?? []} preview={preview} />
      <p>
        <Link to={`/sessions/${id}`}>The session</Link>
      </p>
    </section>
  );
}

function candidateOf(agent: AgentResponse, draft: Draft | null): object {
  const { id, version } = agent;
  if (draft === null) return { type: 'agent', id, version };
  const overrides = { system: draft.system || null, model: draft.model, tools: JSON.parse(draft.tools) };
  return { type: 'agent_with_overrides', id, version, ...overrides };
}

async function open(agent: object, environment_id: string): Promise<string> {
  const { id } = await send<SessionResponse>('/v1/sessions', {
    agent,
    environment_id,
    title: 'Tried on the dashboard',
  });
  return id;
}

/** Any environment will do: nothing runs in it. One is made where there is none. */
async function anEnvironment(): Promise<string> {
  const path = '/v1/environments';
  const { data } = await read<ServerPage<{ readonly id: string }>>(path, { limit: 1 });
  if (data[0] !== undefined) return data[0].id;
  const made = await send<{ readonly id: string }>(path, { name: 'dashboard' });
  return made.id;
}
