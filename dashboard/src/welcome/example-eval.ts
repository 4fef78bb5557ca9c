/** What the example's eval asks, and how it scores the answers. */
export function exampleEval(of: {
  readonly name: string;
  readonly agent_id: string;
  readonly environment_id: string;
  readonly dataset: string;
}): Readonly<Record<string, unknown>> {
  return {
    name: of.name,
    agent: of.agent_id,
    environment: of.environment_id,
    dataset: of.dataset,
    message: 'Subject: {{subject}}\n\n{{body}}',
    reply: { json: 'team' },
    scorers: ['exact'],
    epochs: 1,
    gate: { max_lost_cases: 1 },
  };
}
