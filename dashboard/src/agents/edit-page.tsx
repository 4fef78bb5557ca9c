import { useNavigate, useParams } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import type { AgentResponse } from '../../../src/api/wire/agents.ts';
import { ApiError, send } from '../http/client.ts';
import { useAction } from '../http/use-action.ts';
import { useRead } from '../http/use-read.ts';
import { Button } from '../parts/button.tsx';
import { Failure } from '../parts/failure.tsx';
import { TextField } from '../parts/field.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Page } from '../parts/page.tsx';
import { mayActAs, useMe } from '../shell/me.ts';
import { changesOf, draftOf, draftProblem, withDraft } from './draft.ts';
import { DraftFields } from './draft-fields.tsx';
import { MergePanel } from './merge-panel.tsx';
import { TryPanel } from './try-panel.tsx';
import { VersionDiff } from './version-diff.tsx';
import { useAgent } from './versions.ts';

/** Where a prompt is edited: each saving makes a version, and none is ever changed. */
export function EditPage(): ReactNode {
  const { agentId } = useParams({ strict: false }) as { agentId: string };
  const agent = useAgent(agentId);
  return <Loaded of={agent}>{(newest) => <Editor key={agentId} newest={newest} />}</Loaded>;
}

/** How often it is looked whether somebody else has saved, in milliseconds. */
const lookEveryMs = 5000;

function Editor({ newest: first }: { readonly newest: AgentResponse }): ReactNode {
  const [base, setBase] = useState(first);
  const [draft, setDraft] = useState(() => draftOf(first));
  const [message, setMessage] = useState('');
  const me = useMe();
  const navigate = useNavigate();
  const path = `/v1/agents/${base.id}`;
  const newest = useRead<AgentResponse>(path, { everyMs: lookEveryMs }).data ?? first;
  const save = useAction(
    (changes: object) =>
      send<AgentResponse>(
        path,
        { version: base.version, ...changes },
        { 'pawl-message': encodeURIComponent(message) },
      ),
    {
      changes: [path, '/v1/agents', '/pawl/v1/agents'],
      onDone: (saved) => void navigate({ to: `/agents/${saved.id}/versions/${saved.version}` }),
    },
  );
  const changes = draftProblem(draft) === null ? changesOf(draft, draftOf(base)) : {};
  const overtaken = newest.version > base.version;
  const conflict = save.error instanceof ApiError && save.error.code === 'version_conflict';
  const because = mayActAs(me, 'editor')
    ? (draftProblem(draft) ??
      (Object.keys(changes).length === 0
        ? 'Nothing has changed yet'
        : overtaken
          ? 'Somebody else has saved meanwhile'
          : null))
    : 'Viewers read only';

  return (
    <Page
      title={`Edit ${base.name}`}
      under={[
        { text: 'Agents', to: '/agents' },
        { text: base.name, to: `/agents/${base.id}` },
      ]}
    >
      <p className="faint">
        From version {base.version}. Saving makes version {newest.version + 1}; nobody gets it in production
        before it is promoted, unless an agent has no alias.
      </p>
      {overtaken && (
        <MergePanel
          base={base}
          theirs={newest}
          mine={draft}
          onMerged={(merged) => {
            setBase(newest);
            setDraft(merged);
            save.reset();
          }}
        />
      )}
      <DraftFields draft={draft} onChange={setDraft} />
      <TextField
        label="What has changed, and why"
        hint="Stands beside the version for ever."
        value={message}
        onChange={setMessage}
      />
      {!conflict && <Failure error={save.error} />}
      <div className="row">
        <Button look="main" busy={save.busy} disabledBecause={because} onPress={() => void save.run(changes)}>
          Save as version {newest.version + 1}
        </Button>
        {because !== null && <span className="faint">{because}</span>}
      </div>
      <h2>What saving would change</h2>
      <VersionDiff
        before={base}
        after={withDraft(base, draft)}
        titles={[`version ${base.version}`, 'your draft']}
      />
      <h2>Try it before saving</h2>
      <TryPanel agent={base} draft={draft} />
    </Page>
  );
}
