import { useNavigate } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import type { AgentResponse } from '../../../src/api/wire/agents.ts';
import { send } from '../http/client.ts';
import { useAction } from '../http/use-action.ts';
import { Button } from '../parts/button.tsx';
import { Failure } from '../parts/failure.tsx';
import { TextField } from '../parts/field.tsx';
import { Page } from '../parts/page.tsx';
import { mayActAs, useMe } from '../shell/me.ts';
import { type Draft, draftProblem } from './draft.ts';
import { DraftFields } from './draft-fields.tsx';

const nothing: Draft = { name: '', description: '', system: '', model: '', tools: '[]' };

/** Where an agent is made: its first version. */
export function NewAgentPage(): ReactNode {
  const [draft, setDraft] = useState(nothing);
  const [message, setMessage] = useState('');
  const me = useMe();
  const navigate = useNavigate();
  const make = useAction(
    ({ tools, description, system, ...rest }: Draft) =>
      send<AgentResponse>(
        '/v1/agents',
        { ...rest, description: description || null, system: system || null, tools: JSON.parse(tools) },
        { 'pawl-message': encodeURIComponent(message) },
      ),
    {
      changes: ['/v1/agents', '/pawl/v1/agents'],
      onDone: ({ id }) => void navigate({ to: `/agents/${id}` }),
    },
  );
  const because = mayActAs(me, 'editor') ? draftProblem(draft) : 'Viewers read only';
  return (
    <Page title="New agent" under={[{ text: 'Agents', to: '/agents' }]}>
      <p className="faint">
        This makes version 1. Every change later makes another version, and none is ever changed.
      </p>
      <DraftFields draft={draft} onChange={setDraft} isNew />
      <TextField
        label="What it is for, and why it is made"
        hint="Stands beside the version for ever."
        value={message}
        onChange={setMessage}
      />
      <Failure error={make.error} />
      <div className="row">
        <Button look="main" busy={make.busy} disabledBecause={because} onPress={() => void make.run(draft)}>
          Make the agent
        </Button>
        {because !== null && <span className="faint">{because}</span>}
      </div>
    </Page>
  );
}
