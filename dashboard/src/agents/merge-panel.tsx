import type { ReactNode } from 'react';
import type { AgentResponse } from '../../../src/api/wire/agents.ts';
import { Button } from '../parts/button.tsx';
import { TextDiff } from '../parts/diff/text-diff.tsx';
import { Time } from '../parts/time.tsx';
import { changesOf, type Draft, draftOf } from './draft.ts';
import { type Merge, mergeTexts } from './merge.ts';
import { VersionDiff } from './version-diff.tsx';

type Props = {
  /** What the draft began with, and what somebody else has saved since. */
  readonly base: AgentResponse;
  readonly theirs: AgentResponse;
  readonly mine: Draft;
  readonly onMerged: (draft: Draft) => void;
};

/** Shown when somebody else has saved meanwhile: what they changed, and how to go on without losing either. */
export function MergePanel({ base, theirs, mine, onMerged }: Props): ReactNode {
  const started = draftOf(base);
  const saved = draftOf(theirs);
  const merge = mergeTexts(started.system, { mine: mine.system, theirs: saved.system });
  const untouched = Object.keys(safeChanges(mine, started)).length === 0;
  return (
    <section className="notice notice-warn" role="alert" aria-label="Somebody else has saved">
      <h2>
        {theirs.pawl.author ?? 'Somebody'} has saved version {theirs.version} meanwhile
      </h2>
      <p>
        <Time at={theirs.updated_at} />
        {theirs.pawl.message !== null && `: ${theirs.pawl.message}`}. Nothing of yours is lost, and nothing of
        theirs is overwritten.
      </p>
      <details open>
        <summary>What they changed</summary>
        <VersionDiff
          before={base}
          after={theirs}
          titles={[`version ${base.version}`, `version ${theirs.version}`]}
        />
      </details>
      {untouched ? (
        <Button look="main" onPress={() => onMerged(saved)}>
          Go on from version {theirs.version}
        </Button>
      ) : (
        <Ways merge={merge} theirs={theirs} mine={mine} started={started} onMerged={onMerged} />
      )}
    </section>
  );
}

type WaysProps = Pick<Props, 'theirs' | 'mine' | 'onMerged'> & {
  readonly merge: Merge;
  readonly started: Draft;
};

function Ways({ merge, theirs, mine, started, onMerged }: WaysProps): ReactNode {
  const saved = draftOf(theirs);
  /** Each field as whoever has changed it has it; where both have, as I have it. */
  const on = (system: string): Draft => ({
    name: mine.name === started.name ? saved.name : mine.name,
    description: mine.description === started.description ? saved.description : mine.description,
    model: mine.model === started.model ? saved.model : mine.model,
    tools: mine.tools === started.tools ? saved.tools : mine.tools,
    system,
  });
  return (
    <>
      {merge.kind === 'merged' ? (
        <details>
          <summary>Your changes fit on top of theirs</summary>
          <TextDiff
            name="prompt"
            before={saved.system}
            after={merge.text}
            titles={[`version ${theirs.version}`, 'both']}
            view="inline"
          />
        </details>
      ) : (
        <>
          <p>Both of you have changed the same lines. This is what your text would undo or add:</p>
          <TextDiff
            name="prompt"
            before={saved.system}
            after={mine.system}
            titles={[`version ${theirs.version}`, 'your draft']}
            view="inline"
          />
        </>
      )}
      <div className="row">
        {merge.kind === 'merged' && (
          <Button look="main" onPress={() => onMerged(on(merge.text))}>
            Put both together
          </Button>
        )}
        <Button onPress={() => onMerged(on(mine.system))}>Go on with my text</Button>
        <Button onPress={() => onMerged(saved)}>Drop mine, take theirs</Button>
      </div>
    </>
  );
}

function safeChanges(mine: Draft, started: Draft): Record<string, unknown> {
  try {
    return changesOf(mine, started);
  } catch {
    // Tools that are no JSON yet are a change.
    return { tools: mine.tools };
  }
}
