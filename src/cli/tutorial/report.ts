import { columns, type Paint, printable, shortened } from '../output.ts';
import { routingRule } from './prompts.ts';
import type { Flip, TeamComparison, TeamScore } from './score.ts';
import type { ServedBy, Step, TicketError } from './story.ts';

/** A step in words, with a heading of its own. */
export function describeStep(step: Step, paint: Paint): string {
  const [heading, ...lines] = words(step, paint);
  return ['', paint.bold(heading ?? ''), ...lines].join('\n');
}

function words(step: Step, paint: Paint): string[] {
  switch (step.kind) {
    case 'created':
      return [
        'Create the agent',
        ...modelLines(step.model, step.served_by, paint),
        `env=${step.environment_id}  agent=${step.agent_id} v${step.version}`,
        `Its prompt is on the server, and came back as version ${step.version}.`,
      ];
    case 'loaded':
      return [
        'Load the labelled tickets',
        `${step.tickets} tickets across ${step.teams.length} teams: ${step.teams.join(', ')}`,
      ];
    case 'scored':
      return [
        `Score version ${step.version}, each ticket in a session pinned to it`,
        `v${step.version} results:`,
        ...step.teams.map((score) => `  ${score.team.padEnd(14)} ${fraction(score)}`),
        ...errorLines(step.errors, paint),
      ];
    case 'updated':
      return [
        `Update the agent: version ${step.version}`,
        ...routingRule.split(/(?<=\.) /).map((sentence) => paint.dim(`+ ${sentence}`)),
        `The agent is now at v${step.version}. ${
          step.previous_unchanged
            ? `Version ${step.previous} is still there, unchanged.`
            : paint.red(`Version ${step.previous} is not what it was!`)
        }`,
      ];
    case 'compared':
      return [
        `Compare version ${step.after} with version ${step.before}`,
        ...step.teams.flatMap((team) => comparisonLines(team, step, paint)),
        '',
        ...flipLines(step.flips, step),
      ];
    case 'rolled_back':
      return [
        `Roll back: pin version ${step.version} again`,
        ...step.teams.map(
          (score) => `${score.team} tickets via version=${step.version}: ${fraction(score)} correct`,
        ),
        ...errorLines(step.errors, paint),
        'Nothing was deployed. Callers name another number.',
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
      return [
        'Clean up',
        `archived the agent, the environment and ${step.sessions} sessions`,
        ...(step.left_open === 0 ? [] : [paint.yellow(`${step.left_open} sessions could not be archived`)]),
      ];
    default:
      return step satisfies never;
  }
}

function modelLines(model: string, served: ServedBy, paint: Paint): string[] {
  if (served === null) return [`Model ${model}; the server does not say who answers for it.`];
  if (served.provider !== 'offline')
    return [`Model ${model}, answered by ${served.provider} as ${served.model} (${served.because}).`];
  return [
    paint.yellow(`Model ${model}, answered by the embedded offline model (${served.because}).`),
    'It is a small classifier that really reads prompt and ticket; it is no language model. With ANTHROPIC_API_KEY',
    'set, or PAWL_OPENAI_BASE_URL and --model, a real one tells the same story.',
  ];
}

/** Correct ones out of those that could be scored. */
function fraction({ correct, scored, errors }: TeamScore): string {
  return errors === 0 ? `${correct}/${scored}` : `${correct}/${scored} (${errors} not scored)`;
}

type Versions = { readonly before: number; readonly after: number };

function comparisonLines(
  { team, before, after, regressed }: TeamComparison,
  versions: Versions,
  paint: Paint,
): string[] {
  return [
    team,
    `  v${versions.before}: ${fraction(before)}`,
    `  v${versions.after}: ${fraction(after)}${regressed ? paint.red('  <-- regressed') : ''}`,
  ];
}

const subjectWidth = 50;

function flipLines(flips: readonly Flip[], { before, after }: Versions): string[] {
  if (flips.length === 0) return ['No ticket changed between right and wrong.'];
  return columns([
    ['TICKET', 'SUBJECT', 'EXPECTED', `V${before} SAID`, `V${after} SAID`],
    ...flips.map((flip) => [
      flip.ticket.id,
      shortened(flip.ticket.subject, subjectWidth),
      flip.ticket.team,
      flip.before,
      flip.after,
    ]),
  ]);
}

function errorLines(errors: readonly TicketError[], paint: Paint): string[] {
  if (errors.length === 0) return [];
  return [
    paint.red('Not scored, and so neither right nor wrong:'),
    ...errors.map(({ id, why }) => `  ${printable(id)}: ${printable(why)}`),
  ];
}
