import type { AliasMoveResponse } from '../../api/aliases.ts';
import type { ComparisonResponse } from '../../api/comparisons.ts';
import type { DatasetResponse } from '../../api/wire/datasets.ts';
import { type Paint, plain } from '../../core/plain-text.ts';
import { counted } from '../../core/quantities.ts';
import type { SubjectName } from '../eval/subject.ts';
import { columns } from '../output.ts';
import { changedLine, endedLines, startedLines } from './canary-text.ts';
import type { Step } from './step.ts';

type Options = {
  readonly paint: Paint;
  /** The server's own report of a run or a comparison, as a table. */
  readonly fetchTable: (subject: SubjectName) => Promise<string>;
};

/**
 * A step in words, with a heading of its own; what happens to a canary is one line below that of its beginning.
 * @throws CommandError when the server gives no report.
 */
export async function describeStep(step: Step, options: Options): Promise<string> {
  if (step.kind === 'canary_changed') return changedLine(step);
  const [heading = '', ...lines] = await words(step, options);
  return ['', options.paint.bold(heading), ...lines].join('\n');
}

async function words(step: Exclude<Step, { kind: 'canary_changed' }>, options: Options): Promise<string[]> {
  switch (step.kind) {
    case 'created':
      return [
        'Create the agent',
        ...modelLines(step, options.paint),
        `env=${step.environment_id}  agent=${step.agent_id} v${step.version}`,
        `Its prompt is on the server, and came back as version ${step.version}.`,
      ];
    case 'loaded':
      return ['Load the labelled tickets', ...datasetLines(step.dataset)];
    case 'defined':
      return ['Say how they are scored', ...step.text.split('\n').map((line) => `  ${line}`)];
    case 'scored':
      return [
        `Score version ${step.run.agent_version}, each ticket in a session pinned to it`,
        await options.fetchTable(step.run),
        'For less than that, the gate counts: no team may lose more than one ticket.',
      ];
    case 'updated':
      return [`Update the agent: version ${step.version}`, ...updateLines(step, options.paint)];
    case 'served':
      return [
        `Let production stand for version ${step.alias.version}`,
        `Callers name agent_…@production from now on, in the SDK's own call; a session got version ${step.session_version}.`,
        'From here on it moves by promotion, with somebody else to approve, and back by rollback.',
      ];
    case 'asked':
      return askedLines(step, options);
    case 'overridden':
      return overriddenLines(step);
    case 'rolled_back':
      return [
        `One command: pawl rollback ${step.rollback.alias.agent_id}`,
        `production: version ${step.rollback.from_version} → ${step.rollback.to_version}, at once; the next session got version ${step.session_version}. It is held there until somebody releases it.`,
        'The tickets once more, each in a new session, against the first time:',
        ...(await outcomeLines(step.comparison, options)),
      ];
    case 'approved':
      return approvedLines(step);
    case 'applied':
      return appliedLines(step);
    case 'canary_started':
      return startedLines(step);
    case 'canary_ended':
      return endedLines(step);
    case 'listed':
      return [
        'Every version stays',
        ...columns(
          step.versions.map(({ version, created_at, prompt_characters }) => [
            `v${version}`,
            created_at,
            `prompt of ${prompt_characters} characters`,
          ]),
        ),
        'So does what production stood for:',
        ...columns(step.moves.toReversed().map(moveLine)),
        `The audit log of all this has ${counted(step.audit.entries, 'entry', 'entries')}, and ${step.audit.ok ? 'is in order' : 'was tampered with'}.`,
      ];
    case 'archived':
      return [
        'Clean up',
        'Archived the agent, its environment, the dataset and the eval; revoked the second key.',
      ];
    default:
      return step satisfies never;
  }
}

function modelLines({ model, served_by }: Step & { kind: 'created' }, paint: Paint): string[] {
  if (served_by === null) return [`Model ${model}; nobody answers for it.`];
  const { provider, because } = served_by;
  if (provider !== 'offline')
    return [`Model ${model}, answered by ${provider} as ${served_by.model} (${because}).`];
  return [
    paint.yellow(`Model ${model}, answered by the embedded offline model (${because}).`),
    'It is a small classifier that really reads prompt and ticket; it is no language model. With ANTHROPIC_API_KEY',
    'set, or PAWL_OPENAI_BASE_URL and --model, a real one tells the same story, but for the canaries.',
  ];
}

function datasetLines({ name, revision }: DatasetResponse): string[] {
  if (revision === null) return [];
  const teams = revision.summary.groups.map(({ group }) => plain(group ?? 'none')).sort();
  return [
    `${counted(revision.cases, 'ticket')} across ${counted(teams.length, 'team')}: ${teams.join(', ')}`,
    `They are revision ${revision.hash.slice(0, 12)} of dataset ${name}; the same tickets always have this hash.`,
  ];
}

function updateLines({ version, rule, first_unchanged }: Step & { kind: 'updated' }, paint: Paint): string[] {
  return [
    ...rule.split(/(?<=\.) |(?<=,) (?=unless)/).map((line) => paint.dim(`+ ${line}`)),
    first_unchanged
      ? `The agent is now at v${version}. Version 1 is still there, unchanged.`
      : paint.red(`The agent is now at v${version}, and version 1 is not what it was!`),
  ];
}

async function askedLines(
  { promotion, comparison, refusal }: Step & { kind: 'asked' },
  options: Options,
): Promise<string[]> {
  const { baseline, candidate } = comparison;
  return [
    `Ask that production be moved to version ${candidate.agent_version}`,
    `This is ${promotion.id}. The gate compares version ${candidate.agent_version} with what is served, version ${baseline.agent_version}.`,
    ...reuseLines(baseline),
    ...(await outcomeLines(comparison, options)),
    decision(comparison),
    ...(refusal === null ? [] : [`Whoever applies it all the same is told: ${refusal}`]),
  ];
}

function overriddenLines({ promotion, session_version }: Step & { kind: 'overridden' }): string[] {
  const { override, candidate_version, approvals } = promotion;
  const by = plain(override?.by.name ?? approvals.given_by.join(', '));
  return [
    override === null
      ? `Version ${candidate_version} is approved`
      : `Somebody insists on version ${candidate_version}`,
    override === null
      ? `The gate let it through, and ${by} approved it.`
      : `${by} overrides the gate: "${plain(override.reason)}" It is marked for ever.`,
    `It is applied: a session gets version ${session_version} now, and so do the customers.`,
  ];
}

function approvedLines({ promotion, refusal }: Step & { kind: 'approved' }): string[] {
  const { candidate_version, approvals } = promotion;
  const by = plain(approvals.given_by.join(', '));
  const heading = `Somebody else approves version ${candidate_version}`;
  // Whose author was refused is the first after the rollback.
  if (refusal === null) return [heading, `It is approved by ${by}.`];
  return [
    heading,
    `Its author would have: ${refusal}`,
    `The alias is released, and version ${candidate_version} approved by ${by}.`,
  ];
}

function appliedLines({ promotion, session_version }: Step & { kind: 'applied' }): string[] {
  return [
    `Apply it: version ${promotion.candidate_version} for everybody at once`,
    `It is applied: a session gets version ${session_version} now.`,
    'With the offline model it would be given to a few customers first, and to more as it proves itself. That takes',
    'some hundred sessions, which the tutorial does not ask of a model that may cost something.',
  ];
}

function moveLine({ kind, from_version, to_version, actor, evidence }: AliasMoveResponse): string[] {
  const how = evidence?.overridden === true ? `${kind}, against the gate` : kind;
  return [`${from_version ?? 'nothing'} → ${to_version ?? 'nothing'}`, how, `by ${plain(actor.name)}`];
}

function reuseLines({ agent_version, counts: { reused, total } }: ComparisonResponse['baseline']): string[] {
  if (reused === 0) return [];
  if (reused < total) return [`Of version ${agent_version}, ${reused} of ${total} results are reused.`];
  return [`Version ${agent_version} is not run again: its ${counted(total, 'result')} are reused.`];
}

function decision({ verdict, baseline, candidate }: ComparisonResponse): string {
  const [before, after] = [baseline.agent_version, candidate.agent_version];
  if (verdict === 'pass') return `The gate lets version ${after} through.`;
  if (verdict === 'fail') {
    return `The gate refuses version ${after}. Callers get version ${before} and have not noticed anything.`;
  }
  return `That is no pass, and callers stay at version ${before}.`;
}

/** The whole report; in short where nothing is wrong. */
async function outcomeLines(
  comparison: ComparisonResponse,
  { paint, fetchTable }: Options,
): Promise<string[]> {
  const { verdict, report } = comparison;
  if (verdict !== 'pass' || report === null) return [await fetchTable(comparison), ''];
  const teams = report.rows.shown
    .filter(({ scope }) => scope === 'group')
    .map(({ group, candidate, scored }) => `${plain(group ?? 'none')} ${candidate.passed}/${scored}`);
  const turned = report.flips.shown.map(
    (flip) => `${plain(flip.case_id)} turned ${flip.turned === 'lost' ? 'wrong' : 'right'}`,
  );
  return [
    `${paint.green('PASS')}  ${teams.join(', ')}`,
    turned.length === 0
      ? 'No ticket changed between right and wrong.'
      : `${turned.join(', ')}; no team lost too many.`,
  ];
}
