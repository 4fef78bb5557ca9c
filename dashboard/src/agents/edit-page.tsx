import { useNavigate, useParams } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { AgentResponse } from '../../../src/api/wire/agents.ts';
import { ApiError, send } from '../http/client.ts';
import { type Action, useAction } from '../http/use-action.ts';
import { useRead } from '../http/use-read.ts';
import { Button } from '../parts/button.tsx';
import { Failure } from '../parts/failure.tsx';
import { TextField } from '../parts/field.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Page } from '../parts/page.tsx';
import { type Me, mayActAs, useMe } from '../shell/me.ts';
import { changesOf, draftOf, draftProblem, withDraft } from './draft.ts';
import { DraftFields } from './draft-fields.tsx';
import { untouched, useKeptDraft } from './kept-draft.ts';
import { MergePanel } from './merge-panel.tsx';
import { TryPanel } from './try-panel.tsx';
import { VersionDiff } from './version-diff.tsx';
import { useAgent } from './versions.ts';

/** Where a prompt is edited: each saving makes a version, and none is ever changed. */
export function EditPage(): ReactNode {
  const { agentId } = useParams({ strict: false }) as { agentId: string };
  const agent = useAgent(agentId);
  const me = useMe();
  return (
    <Loaded of={agent}>
      {(newest) => me !== undefined && <Editor key={agentId} newest={newest} me={me} />}
    </Loaded>
  );
}

/** How often it is looked whether somebody else has saved, in milliseconds. */
const lookEveryMs = 5000;

function Editor({ newest: first, me }: { readonly newest: AgentResponse; readonly me: Me }): ReactNode {
  const [{ base, draft, message }, change, restored] = useKeptDraft(first, me.key_id);
  const path = `/v1/agents/${base.id}`;
  const look = useRead<AgentResponse>(path, { everyMs: lookEveryMs });
  const newest = look.data ?? first;
  const save = useSave(base, {
    message,
    onOvertaken: () => void look.refetch(),
    // Otherwise one's own version would look like somebody else's, until the next page is there.
    onSaved: (saved) => change(untouched(saved)),
  });
  const changes = draftProblem(draft) === null ? changesOf(draft, draftOf(base)) : {};
  const overtaken = newest.version > base.version;
  const because = mayActAs(me, 'editor')
    ? (draftProblem(draft) ?? whyNothingToSave({ changes, overtaken }))
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
        From version {base.version}. Saving makes version {newest.version + 1}. Whoever asks for an alias,
        such as production, goes on getting what it stands for; whoever names the agent alone gets the newest
        version, unless it has a default alias.
      </p>
      {restored && Object.keys(changes).length > 0 && (
        <p className="notice" role="status">
          Your draft from before is here again.{' '}
          <Button onPress={() => change(untouched(newest))}>Start over from version {newest.version}</Button>
        </p>
      )}
      {overtaken && (
        <MergePanel
          base={base}
          theirs={newest}
          mine={draft}
          onMerged={(merged) => {
            change({ base: newest, draft: merged });
            save.reset();
          }}
        />
      )}
      <DraftFields draft={draft} onChange={(typed) => change({ draft: typed })} />
      <TextField
        label="What has changed, and why"
        hint="Stands beside the version for ever."
        value={message}
        onChange={(text) => change({ message: text })}
      />
      {!overtaken && <Failure error={save.error} />}
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

function whyNothingToSave({ changes, overtaken }: { changes: object; overtaken: boolean }): string | null {
  if (overtaken) return 'Somebody else has saved meanwhile';
  return Object.keys(changes).length === 0 ? 'Nothing has changed yet' : null;
}

type Saving = {
  /** What is said about the version. */
  readonly message: string;
  /** Is called when somebody else was faster. */
  readonly onOvertaken: () => void;
  readonly onSaved: (saved: AgentResponse) => void;
};

/** Makes the next version of what an editor began with, and leads there. */
function useSave(
  base: AgentResponse,
  { message, onOvertaken, onSaved }: Saving,
): Action<object, AgentResponse> {
  const navigate = useNavigate();
  const path = `/v1/agents/${base.id}`;
  const save = async (changes: object): Promise<AgentResponse> => {
    const headers = { 'pawl-message': encodeURIComponent(message) };
    try {
      return await send<AgentResponse>(path, { version: base.version, ...changes }, headers);
    } catch (error) {
      if (error instanceof ApiError && error.code === 'version_conflict') onOvertaken();
      throw error;
    }
  };
  return useAction(save, {
    changes: [path, '/v1/agents', '/pawl/v1/agents'],
    onDone: (saved) => {
      onSaved(saved);
      void navigate({ to: `/agents/${saved.id}/versions/${saved.version}` });
    },
  });
}
