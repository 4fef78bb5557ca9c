import { type Paint, plain, short } from '../../core/plain-text.ts';
import { inTermsOf } from './agent-fields.ts';
import type { ServerAgent } from './agents-api.ts';
import { isBlocked } from './decide.ts';
import { fieldsDiff, paintedLine, visible } from './fields-diff.ts';
import type { Step } from './make-plan.ts';

/** A plan for people: a sentence for each file, and what differs below it. */
export function planText(steps: readonly Step[], paint: Paint, url: string): string {
  const parts = steps.map((step) => {
    const lines = diffOf(step);
    // Something that servers fill in was said before, and the file leaves it open now.
    const isHidden = step.decision.kind === 'update' && lines.length === 0;
    const remark = isHidden ? ' Nothing is to be seen that differs, and the server decides.' : '';
    const head = `${paint.bold(visible(step.file.path))}: ${sentence(step, url)}${remark}`;
    return [head, ...lines.map((line) => `  ${paintedLine(line, paint)}`)].join('\n');
  });
  return [...parts, '', summary(steps)].join('\n');
}

/** A step of a plan for programs. `version` is the agent's latest; it and the id are null where there is none. */
export type StepRow = {
  readonly path: string;
  readonly action: Step['decision']['kind'];
  readonly agent_id: string | null;
  readonly version: number | null;
  /** As in `diff -u`; null when nothing differs, or there is nothing to compare with. */
  readonly diff: string | null;
};

/** A step as `-o json` has it. */
export function stepRow(step: Step): StepRow {
  const { decision, file } = step;
  const agent = 'agent' in decision ? decision.agent : null;
  const lines = diffOf(step);
  return {
    path: file.path,
    action: decision.kind,
    agent_id: decision.kind === 'missing' ? decision.id : (agent?.id ?? null),
    version: agent?.version ?? null,
    diff: lines.length === 0 ? null : `${lines.join('\n')}\n`,
  };
}

function sentence({ file, decision, moved_from }: Step, url: string): string {
  const was = moved_from === null ? '' : ` It was ${moved_from} before.`;
  switch (decision.kind) {
    case 'create':
      return `a new agent, ${visible(file.fields.name)}, on ${visible(file.fields.model.id)}.`;
    case 'update':
      return `${decision.agent.id} goes from version ${decision.agent.version} to version ${decision.agent.version + 1}.${was}`;
    case 'record':
      return `${at(decision.agent)} says the same; only the lock is written.${was}`;
    case 'unchanged':
      return `unchanged, ${at(decision.agent)}.`;
    case 'drift':
      return `drift: ${at(decision.agent)}, ${changed(decision.agent)}, and the lock knows version ${decision.locked.version}.${was}`;
    case 'taken':
      return `the lock does not know it, and ${at(decision.agent)}, ${changed(decision.agent)}, has its name and says something else.`;
    case 'ambiguous': {
      const ids = decision.agents.map(({ id }) => id).join(', ');
      return `the lock does not know it, and several agents have its name: ${ids}. Give it another name, or archive those that are not meant.`;
    }
    case 'archived':
      return `${decision.agent.id} is archived and takes no more versions. Without its entry in the lock, the file makes a new agent.${was}`;
    case 'missing':
      return `${decision.id} is not at ${url}. Name the lock of that server by --lock; or, if the agent is lost, take its entry out of the lock.`;
  }
}

function at({ id, version }: ServerAgent): string {
  return `${id} at version ${version}`;
}

function changed({ author, message, updated_at }: ServerAgent): string {
  const why = message === null ? '' : ` ("${short(message, 80)}")`;
  return `changed ${author === null ? '' : `by ${plain(author)} `}at ${updated_at}${why}`;
}

function diffOf({ file, decision, locked_fields }: Step): string[] {
  if (decision.kind === 'drift' && locked_fields !== null) {
    const { agent, locked } = decision;
    return fieldsDiff(
      { label: `${agent.id} at version ${locked.version}`, fields: locked_fields },
      { label: at(agent), fields: agent.fields },
    );
  }
  if (decision.kind !== 'update' && decision.kind !== 'taken' && decision.kind !== 'drift') return [];
  const { agent } = decision;
  return fieldsDiff(
    { label: at(agent), fields: inTermsOf(file.fields, agent.fields) },
    { label: file.path, fields: file.fields },
  );
}

function summary(steps: readonly Step[]): string {
  const count = (wanted: (kind: Step['decision']['kind']) => boolean): number =>
    steps.filter(({ decision }) => wanted(decision.kind)).length;
  const blocked = steps.filter(({ decision }) => isBlocked(decision)).length;
  const parts = [
    ...said(
      count((kind) => kind === 'create'),
      'to create',
    ),
    ...said(
      count((kind) => kind === 'update'),
      'to update',
    ),
    ...said(
      count((kind) => kind === 'record'),
      'to write into the lock',
    ),
    ...said(
      count((kind) => kind === 'unchanged'),
      'unchanged',
    ),
    ...said(blocked, 'that cannot be applied as they are'),
  ];
  return `${parts.join(', ')}.`;
}

function said(count: number, what: string): string[] {
  return count === 0 ? [] : [`${count} ${what}`];
}
