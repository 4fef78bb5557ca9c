import type { EvalResponse } from '../../api/evals.ts';
import { isOver } from '../../core/evaluation.ts';
import { CommandError } from '../command-error.ts';
import { withServer } from '../open-server.ts';
import { columns, print, printJson } from '../output.ts';
import { commandLine } from './command-line.ts';
import { retrieveEval } from './eval-source.ts';
import { printReport } from './follow.ts';
import type { ReportFormat } from './report.ts';
import { retrieveSubject } from './resume.ts';
import { progressSentence } from './run-progress.ts';
import { runsOf, type Subject, subjectNamed } from './subject.ts';

type Options = { readonly url?: string; readonly output: ReportFormat };

/** Shows a run or a comparison by its id, or an eval by its name. @throws CommandError, ConfigError */
export async function showEval(name: string, options: Options): Promise<void> {
  const named = subjectNamed(name);
  await withServer(options, async (server) => {
    const found = named === null ? await retrieveEval(server, name) : await retrieveSubject(server, named);
    if (found.type !== 'eval' && found.status === 'completed') {
      return printReport(server, found, options.output);
    }
    if (options.output === 'json') return printJson(found);
    if (options.output !== 'table')
      throw new CommandError(`${name} has no report; -o json or table shows it`);
    const { embedded } = server;
    print(found.type === 'eval' ? terms(found) : standing(found, { embedded, url: options.url }));
  });
}

/** What an eval says, in short. */
function terms(one: EvalResponse): string {
  const { agent, dataset, endpoint, scorers, epochs, gate } = one.definition;
  const revision = dataset.revision === null ? '' : `@${dataset.revision}`;
  const facts = [
    [
      'Eval',
      `${one.name} (${one.id}), revision ${one.revision}${one.archived_at === null ? '' : ', archived'}`,
    ],
    ['Agent', endpoint === null ? agent : `${agent} at ${endpoint}`],
    ['Dataset', `${dataset.name}${revision}`],
    ['Scorers', scorers.map(({ name }) => name).join(', ')],
    ['Epochs', epochs === null ? 'by the number of cases' : String(epochs)],
    ['Gate', `${gate.metrics.join(', ')} at ${gate.confidence * 100} %`],
    ['Changed', one.updated_at],
  ];
  return columns(facts).join('\n');
}

/** Where something stands that has no report, and what can be done about it. */
function standing(
  subject: Subject,
  { embedded, url }: { readonly embedded: boolean; readonly url: string | undefined },
): string {
  const { id, status, error } = subject;
  // Nothing goes on while no server runs; this one has just been started to answer.
  const waits = embedded && !isOver(subject.status);
  const state = waits ? 'waits, and no server runs it' : `is ${status}`;
  const verb = waits || isOver(subject.status) ? 'resume' : 'watch';
  return [
    `${id} ${state}${error === null ? '.' : `: ${error}`}`,
    ...runsOf(subject).map(
      (run) => `${run.id}  ${progressSentence({ version: run.agent_version, counts: run.counts })}`,
    ),
    `${commandLine(verb, id, { url })} ${verb === 'resume' ? 'goes on with it' : 'follows it'}.`,
  ].join('\n');
}
