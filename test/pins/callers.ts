import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type Anthropic from '@anthropic-ai/sdk';
import { firstPrompt, secondPrompt, thirdPrompt } from '../../src/cli/tutorial/prompts.ts';
import { bundledTickets } from '../../src/cli/tutorial/tickets.ts';
import { type GitRepository, gitRepository, onePin } from './git-repository.ts';

/** The tutorial's agent: version 2 routes too much to api-platform, and version 3 does not. */
export async function makeTriage(client: Anthropic): Promise<string> {
  const { id } = await client.beta.agents.create({
    ...{ name: 'ticket-triage', model: 'claude-test', system: firstPrompt },
  });
  await client.beta.agents.update(id, { version: 1, system: secondPrompt });
  await client.beta.agents.update(id, { version: 2, system: thirdPrompt });
  return id;
}

/** The tutorial's eval as a file, by which at most one ticket of a team may be lost. */
export function triageEval(agent: string, gate = 'max_lost_cases: 1'): string {
  return [
    ...['name: triage', `agent: ${agent}`, 'epochs: 1'],
    ...['dataset: {file: tickets.jsonl, columns: {target: team, group: team}}'],
    ...['message: |', '  {{subject}}', '  {{body}}', 'reply: {json: team}'],
    ...['scorers: [exact]', `gate: {${gate}}`, ''],
  ].join('\n');
}

/** The pins file of the callers, at a version of their agent. */
export function triagePins(
  agent: string,
  version: number,
  lines: readonly string[] = ['eval: evals/triage.yaml'],
): string {
  return onePin(version, { agent, name: 'ticket-triage', lines });
}

/** The callers' repository: main pins version 1, with the eval and its tickets beside it. */
export function callersRepository(agent: string): GitRepository {
  const repository = gitRepository();
  repository.commit({
    '.gitignore': '.pawl\n',
    'evals/tickets.jsonl': readFileSync(fileURLToPath(bundledTickets), 'utf8'),
    'evals/triage.yaml': triageEval(agent),
    'pawl.pins.yaml': triagePins(agent, 1),
  });
  return repository;
}
