/** What the tutorial's eval is about. */
export type EvalSubject = {
  readonly name: string;
  readonly agent_id: string;
  readonly environment_id: string;
  /** The name of the dataset. */
  readonly dataset: string;
  /** How many sessions may run side by side; null leaves it to the server. */
  readonly concurrency: number | null;
};

/** The tutorial's eval, as somebody would write it into a YAML file. */
export function evalText({ name, agent_id, environment_id, dataset, concurrency }: EvalSubject): string {
  return `name: ${name}
agent: ${agent_id}
environment: ${environment_id}
dataset: ${dataset}
message: "Subject: {{subject}}\\n\\n{{body}}"
reply: { json: team }
scorers: [exact]
epochs: 1
gate: { max_lost_cases: 1 }${concurrency === null ? '' : `\nconcurrency: ${concurrency}`}`;
}
