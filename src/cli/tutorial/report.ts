import type { ComparisonResponse } from '../../api/comparisons.ts';
import type { DatasetResponse } from '../../api/wire/datasets.ts';
import { type Paint, plain } from '../../core/plain-text.ts';
import { counted } from '../../core/quantities.ts';
import type { SubjectName } from '../eval/subject.ts';
import { columns } from '../output.ts';
import type { Step } from './story.ts';

type Options = {
  readonly paint: Paint;
  /** The server's own report of a run or a comparison, as a table. */
  readonly fetchTable: (subject: SubjectName) => Promise<string>;
};

/** A step in words, with a heading of its own. @throws CommandError when the server gives no report. */
export async function describeStep(step: Step, options: Options): Promise<string> {
  const [heading = '', ...lines] = await words(step, options);
  return ['', options.paint.bold(heading), ...lines].join('\n');
}

async function words(step: Step, options: Options): Promise<string[]> {
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
    case 'compared':
      return comparedLines(step.comparison, options);
    case 'rolled_back':
      return [
        `Go back: callers name version ${step.comparison.candidate.agent_version}`,
        'Nothing is deployed for that. The tickets once more, each in a new session, against the first time:',
        ...(await outcomeLines(step.comparison, options)),
      ];
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
      ];
    case 'archived':
      return ['Clean up', 'Archived the agent, its environment, the dataset and the eval.'];
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
    'set, or PAWL_OPENAI_BASE_URL and --model, a real one tells the same story.',
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

async function comparedLines(comparison: ComparisonResponse, options: Options): Promise<string[]> {
  const { baseline, candidate } = comparison;
  return [
    `Compare version ${candidate.agent_version} with version ${baseline.agent_version}`,
    ...reuseLines(baseline),
    ...(await outcomeLines(comparison, options)),
    decision(comparison),
  ];
}

function reuseLines({ agent_version, counts: { reused, total } }: ComparisonResponse['baseline']): string[] {
  if (reused === 0) return [];
  if (reused < total) return [`Of version ${agent_version}, ${reused} of ${total} results are reused.`];
  return [`Version ${agent_version} is not run again: its ${counted(total, 'result')} are reused.`];
}

function decision({ verdict, baseline, candidate }: ComparisonResponse): string {
  const [before, after] = [baseline.agent_version, candidate.agent_version];
  if (verdict === 'pass') return `The gate lets version ${after} through: callers can be given its number.`;
  if (verdict === 'fail') {
    return `The gate refuses version ${after}. Callers that name version ${before} have not noticed anything.`;
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
