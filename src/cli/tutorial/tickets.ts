import { readFileSync } from 'node:fs';
import { CommandError } from '../command-error.ts';
import { type Priority, priorities, type Team, teams } from './prompts.ts';

/** A support ticket with the team and the priority that it should get. */
export type Ticket = {
  readonly id: string;
  readonly subject: string;
  readonly body: string;
  readonly team: Team;
  readonly priority: Priority;
};

/** Where the tickets are that come with the tutorial. */
export const bundledTickets = new URL('./tickets.jsonl', import.meta.url);

/** Reads tickets from a file, one JSON object on each line. @throws CommandError that names the line. */
export function readTickets(file: string | URL): Ticket[] {
  const name = file instanceof URL ? 'The file of the tutorial' : file;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandError(`${name} cannot be read: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
  return parseTickets(text, name);
}

/** Reads tickets from a text; `name` is what complaints call it. @throws CommandError that names the line. */
export function parseTickets(text: string, name: string): Ticket[] {
  const tickets: Ticket[] = [];
  const seen = new Map<string, number>();
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    if (line.trim() === '') continue;
    const complain = (what: string): CommandError => new CommandError(`${name}, line ${index + 1}: ${what}`);
    const ticket = parseTicket(line, complain);
    const before = seen.get(ticket.id);
    if (before !== undefined) throw complain(`the id ${ticket.id} is already on line ${before}`);
    seen.set(ticket.id, index + 1);
    tickets.push(ticket);
  }
  if (tickets.length === 0)
    throw new CommandError(`${name} holds no tickets; put one JSON object on each line`);
  return tickets;
}

type Complain = (what: string) => CommandError;

function parseTicket(line: string, complain: Complain): Ticket {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw complain('this is not JSON; each line is one object');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw complain('this is JSON, but not an object');
  }
  const fields = value as Readonly<Record<string, unknown>>;
  const text = (name: string): string => {
    const field = fields[name];
    if (typeof field === 'string' && field.trim() !== '') return field;
    throw complain(`${name} has to be a text that is not empty`);
  };
  const oneOf = <T extends string>(name: string, allowed: readonly T[]): T => {
    const found = allowed.find((one) => one === fields[name]);
    if (found === undefined) throw complain(`${name} has to be one of ${allowed.join(', ')}`);
    return found;
  };
  return {
    id: text('id'),
    subject: text('subject'),
    body: text('body'),
    team: oneOf('team', teams),
    priority: oneOf('priority', priorities),
  };
}
