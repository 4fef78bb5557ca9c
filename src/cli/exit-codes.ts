/** The numbers with which commands end. `docs/reference/command-line.md` lists the same. */
export const exitCodes = { ok: 0, no: 1, inconclusive: 2, failed: 3, interrupted: 130, unread: 141 } as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** What each number means, for help and for the reference. */
export const exitMeanings: Readonly<Record<ExitCode, string>> = {
  0: 'Done; where something was asked, the answer is yes.',
  1: 'The answer is no: something is wrong with what was asked about.',
  2: 'The answer is open: the results that there are cannot tell.',
  3: 'There is no answer: the command was called wrongly, or a server, file, database, session or scorer failed.',
  130: 'Stopped by a signal before it was done.',
  141: 'Whoever read an export had enough before its end.',
};
