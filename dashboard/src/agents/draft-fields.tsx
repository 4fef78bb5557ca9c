import { type ReactNode, useId } from 'react';
import { useRead } from '../http/use-read.ts';
import { TextArea, TextField } from '../parts/field.tsx';
import type { ServerPage } from '../parts/list.tsx';
import { numberText } from '../parts/quantities.ts';
import type { Draft } from './draft.ts';
import { PromptHelp } from './prompt-help.tsx';

type Props = {
  readonly draft: Draft;
  readonly onChange: (draft: Draft) => void;
  /** Whether there is no agent yet, so that its name and model come first. */
  readonly isNew?: boolean;
};

/** What the server takes at most, in characters. */
const longestPrompt = 100_000;

/** The fields of an agent, with help for the prompt. */
export function DraftFields({ draft, onChange, isNew = false }: Props): ReactNode {
  const set = (change: Partial<Draft>): void => onChange({ ...draft, ...change });
  return (
    <>
      {isNew && <NameAndModel draft={draft} set={set} />}
      <TextArea
        label="Prompt"
        mono
        rows={18}
        value={draft.system}
        onChange={(system) => set({ system })}
        hint={`${numberText(draft.system.length)} of ${numberText(longestPrompt)} characters`}
      />
      <PromptHelp prompt={draft.system} onInsert={(text) => set({ system: joined(draft.system, text) })} />
      <details className="panel">
        <summary>{isNew ? 'Tools' : 'Name, model and tools'}</summary>
        {!isNew && <NameAndModel draft={draft} set={set} />}
        <TextArea
          label="Tools, as JSON"
          mono
          rows={8}
          value={draft.tools}
          onChange={(tools) => set({ tools })}
        />
      </details>
    </>
  );
}

type Setting = { readonly draft: Draft; readonly set: (change: Partial<Draft>) => void };

function NameAndModel({ draft, set }: Setting): ReactNode {
  const models = useRead<ServerPage<{ readonly id: string }>>('/v1/models').data?.data ?? [];
  const list = useId();
  return (
    <>
      <TextField label="Name" value={draft.name} onChange={(name) => set({ name })} />
      <TextField
        label="Description"
        value={draft.description}
        onChange={(description) => set({ description })}
      />
      <TextField label="Model" value={draft.model} onChange={(model) => set({ model })} list={list} />
      <datalist id={list}>
        {models.map(({ id }) => (
          <option key={id} value={id} />
        ))}
      </datalist>
    </>
  );
}

/** A text with another one below it, an empty line between them. */
function joined(text: string, addition: string): string {
  return text.trim() === '' ? addition : `${text.trimEnd()}\n\n${addition}`;
}
