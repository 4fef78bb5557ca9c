import { useEffect, useState } from 'react';
import type { AgentResponse } from '../../../src/api/wire/agents.ts';
import { type Draft, draftOf } from './draft.ts';

/** What somebody is editing, and what it began with. */
export type Editing = {
  readonly base: AgentResponse;
  readonly draft: Draft;
  /** What is to be said about the version. */
  readonly message: string;
};

/** Nothing has been typed yet. */
export function untouched(base: AgentResponse): Editing {
  return { base, draft: draftOf(base), message: '' };
}

type Kept = readonly [Editing, (change: Partial<Editing>) => void, restored: boolean];

/**
 * What somebody is editing, kept in this tab until it is saved: a reload or the end of a sign-in takes nothing away. `by` is
 * the id of their key, so that whoever comes next does not go on with it.
 */
export function useKeptDraft(first: AgentResponse, by: string | null): Kept {
  const place = `pawl-draft ${by ?? ''} ${first.id}`;
  const [kept] = useState(() => readKept(place));
  const [editing, setEditing] = useState(() => kept ?? untouched(first));
  useEffect(() => {
    const typed = JSON.stringify(editing);
    if (typed === JSON.stringify(untouched(editing.base))) sessionStorage.removeItem(place);
    else sessionStorage.setItem(place, typed);
  }, [place, editing]);
  return [editing, (change) => setEditing((old) => ({ ...old, ...change })), kept !== null];
}

/** For the end of a visit: whoever signs out leaves nothing behind. */
export function forgetDrafts(): void {
  sessionStorage.clear();
}

function readKept(place: string): Editing | null {
  const text = sessionStorage.getItem(place);
  return text === null ? null : (JSON.parse(text) as Editing);
}
