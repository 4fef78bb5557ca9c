import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef } from 'react';
import { keyOf } from './use-read.ts';

/** Something that a person does: whether it is under way, and why it failed. */
export type Action<Input, Result> = {
  readonly run: (input: Input) => Promise<Result | null>;
  readonly busy: boolean;
  readonly error: Error | null;
  readonly reset: () => void;
};

type Options<Result> = {
  /** Paths whose answers have changed by it; everything below them is read anew. */
  readonly changes?: readonly string[];
  readonly onDone?: (result: Result) => void;
};

/** Does something once at a time; the error stays until it is tried again. `run` gives null when it failed or is under way. */
export function useAction<Input, Result>(
  work: (input: Input) => Promise<Result>,
  { changes = [], onDone }: Options<Result> = {},
): Action<Input, Result> {
  const queries = useQueryClient();
  const underWay = useRef(false);
  const { mutateAsync, isPending, error, reset } = useMutation({
    mutationFn: work,
    onSuccess: async (result) => {
      onDone?.(result);
      // The last part of a key is the query of a list; without it, all of them are meant.
      await Promise.all(
        changes.map((path) => queries.invalidateQueries({ queryKey: keyOf(path).slice(0, -1) })),
      );
    },
  });

  async function run(input: Input): Promise<Result | null> {
    if (underWay.current) return null;
    underWay.current = true;
    try {
      return await mutateAsync(input);
    } catch {
      return null;
    } finally {
      underWay.current = false;
    }
  }

  return { run, busy: isPending, error, reset };
}
