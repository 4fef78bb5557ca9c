import type { Team } from './prompts.ts';
import type { Ticket } from './tickets.ts';
import type { Answer } from './triage.ts';

/** One ticket with the answer that one version gave. */
export type ScoredTicket = { readonly ticket: Ticket; readonly answer: Answer };

/** How a version did on one team's tickets. Those that could not be scored are errors, and in neither number. */
export type TeamScore = {
  readonly team: Team;
  readonly correct: number;
  readonly scored: number;
  readonly errors: number;
};

/** A team's tickets under two versions. */
export type TeamComparison = {
  readonly team: Team;
  readonly before: TeamScore;
  readonly after: TeamScore;
  /** Whether more tickets went from right to wrong than the other way. */
  readonly regressed: boolean;
};

/** A ticket that one version got right and the other wrong. */
export type Flip = {
  readonly ticket: Ticket;
  readonly before: string;
  readonly after: string;
  readonly direction: 'worse' | 'better';
};

/** Asks for every ticket's answer, so many at a time, and gives them in the order of the tickets. */
export async function scoreAll(options: {
  readonly tickets: readonly Ticket[];
  readonly concurrency: number;
  readonly triage: (ticket: Ticket) => Promise<Answer>;
  readonly onScored: () => void;
}): Promise<ScoredTicket[]> {
  const { tickets, triage, onScored } = options;
  const scored: ScoredTicket[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < tickets.length; i = next++) {
      const ticket = tickets[i];
      if (ticket === undefined) return;
      scored[i] = { ticket, answer: await triage(ticket) };
      onScored();
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.concurrency, tickets.length) }, worker));
  return scored;
}

/** Counts per team, teams by name. */
export function tally(scored: readonly ScoredTicket[]): TeamScore[] {
  const names = [...new Set(scored.map(({ ticket }) => ticket.team))].sort();
  return names.map((team) => {
    const own = scored.filter(({ ticket }) => ticket.team === team);
    const errors = own.filter(({ answer }) => answer.kind === 'error').length;
    return { team, correct: own.filter(isRight).length, scored: own.length - errors, errors };
  });
}

/** Two versions side by side. Both lists hold the same tickets. */
export function compare(before: readonly ScoredTicket[], after: readonly ScoredTicket[]): TeamComparison[] {
  const flips = findFlips(before, after);
  const afterByTeam = new Map(tally(after).map((score) => [score.team, score]));
  return tally(before).flatMap((score) => {
    const other = afterByTeam.get(score.team);
    if (other === undefined) return [];
    const own = flips.filter(({ ticket }) => ticket.team === score.team);
    const worse = own.filter(({ direction }) => direction === 'worse').length;
    return [{ team: score.team, before: score, after: other, regressed: worse > own.length - worse }];
  });
}

/** The tickets that are right under one version and wrong under the other; an error is neither. */
export function findFlips(before: readonly ScoredTicket[], after: readonly ScoredTicket[]): Flip[] {
  const afterById = new Map(after.map((one) => [one.ticket.id, one]));
  return before.flatMap((one): Flip[] => {
    const other = afterById.get(one.ticket.id);
    if (one.answer.kind === 'error' || other === undefined || other.answer.kind === 'error') return [];
    if (isRight(one) === isRight(other)) return [];
    const direction = isRight(one) ? 'worse' : 'better';
    return [{ ticket: one.ticket, before: one.answer.team, after: other.answer.team, direction }];
  });
}

function isRight({ ticket, answer }: ScoredTicket): boolean {
  return answer.kind === 'routed' && answer.team === ticket.team;
}
