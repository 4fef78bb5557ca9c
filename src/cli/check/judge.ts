import type { Verdict } from '../../core/evaluation.ts';
import { directionOf, type PinChange, type PinnedAt } from '../../pin/pin-changes.ts';
import { type Pin, samePin } from '../../pin/pins.ts';
import { InterruptedError, sentenceOf } from '../command-error.ts';
import { endingOf } from '../eval/ending.ts';
import { readyEval } from '../eval/eval-source.ts';
import { fetchReport } from '../eval/report.ts';
import type { Subject } from '../eval/subject.ts';
import { hasColours } from '../output.ts';
import { shortCommit } from '../pin/base-pins.ts';
import { type Bench, ending, findComparison, findRun, makeComparison, makeRun, termsOf } from './evidence.ts';
import type { Evidence, PinOutcome } from './outcome.ts';
import { type CheckContext, problemWith, type Setting, withSetting } from './setting.ts';

type Judgement = {
  readonly verdict: Verdict;
  readonly reason: string;
  readonly evidence?: Evidence;
  readonly remarks?: readonly string[];
};

/** A change that asks for something: the pin is there, and is not what it was. */
type RealChange = Exclude<PinChange, { readonly kind: 'unchanged' | 'removed' }>;

/**
 * Says whether a pin may change as it does, and runs what is needed to know.
 * @throws CommandError, PawlError, ConfigError when that cannot be found out, and InterruptedError.
 */
export async function judgePin(change: PinChange, context: CheckContext): Promise<PinOutcome> {
  const { verdict, reason, evidence = null, remarks = [] } = await judge(change, context);
  return {
    ...{ change, verdict, reason, evidence },
    remarks: [...remarks, ...nameRemarks(change), ...evalRemarks(change)],
  };
}

async function judge(change: PinChange, context: CheckContext): Promise<Judgement> {
  if (change.kind === 'unchanged') return { verdict: 'pass', reason: 'It was not changed.' };
  if (change.kind === 'removed') {
    return { verdict: 'pass', reason: 'It is gone; whoever still asks for it finds nothing.' };
  }
  if (change.kind === 'renamed' && samePin(change.from, change.to)) {
    return { verdict: 'pass', reason: `It is what ${change.was} was, under a new name.` };
  }
  const evidence = () => withSetting(change.to, context, async (setting) => judgeChange(change, setting));
  if (change.from === null) return evidence();
  const direction = directionOf(change, await context.base.history());
  switch (direction.kind) {
    case 'back':
      return judgeRollback(change.to, direction.to, context);
    case 'forward':
      return evidence();
    case 'unknown':
      return withRemark(
        evidence,
        `Whether this goes back to an earlier pin is not known: ${sentenceOf(direction.missing)}`,
      );
    default:
      return direction satisfies never;
  }
}

/** Adds a remark, also where evidence cannot be had, for whoever goes back has to know why they are asked for it. */
async function withRemark(work: () => Promise<Judgement>, remark: string): Promise<Judgement> {
  try {
    const judgement = await work();
    return { ...judgement, remarks: [...(judgement.remarks ?? []), remark] };
  } catch (error) {
    if (error instanceof InterruptedError) throw error;
    return { verdict: 'error', reason: sentenceOf(error), remarks: [remark] };
  }
}

/**
 * Going back has to work at night, with a server that is down and an eval file that is gone: only a version that is
 * known to be missing speaks against it.
 */
async function judgeRollback(to: Pin, before: PinnedAt, context: CheckContext): Promise<Judgement> {
  const commit = `commit ${shortCommit(before.commit)} of ${before.date}`;
  const reason = `A rollback: ${commit} pinned this, and going back needs no evidence.`;
  try {
    const problem = await withSetting(to, context, async (setting) => problemWith(to, setting));
    return problem === null ? { verdict: 'pass', reason } : cannotOpen(problem);
  } catch (error) {
    if (error instanceof InterruptedError) throw error;
    const remark = `Whether the version is still there could not be found out: ${sentenceOf(error)}`;
    return { verdict: 'pass', reason, remarks: [remark] };
  }
}

async function judgeChange(change: RealChange, setting: Setting): Promise<Judgement> {
  const { server, source, options } = setting;
  const problem = await problemWith(change.to, setting);
  if (problem !== null) return cannotOpen(problem);
  if (source === null) {
    return { verdict: 'inconclusive', reason: 'It names no eval, so that nothing can speak for the change.' };
  }
  const ready = await readyEval(server, source, options);
  const bench = { server, terms: await termsOf(server, ready), flags: source.flags };
  return change.from === null
    ? judgeAdded(change.to, bench, setting)
    : judgeComparison(change, bench, setting);
}

/** A new pin takes nobody's place: that it can be run at all is everything that there is to ask. */
async function judgeAdded(to: Pin, bench: Bench, { options }: Setting): Promise<Judgement> {
  const found = await findRun(bench, to);
  if (found === null && !options.run) return missing(`run of version ${to.version}`, bench);
  const subject = found ?? (await makeRun(bench, to));
  const evidence = await evidenceOf(subject, { bench, found: found !== null });
  const { problem } = endingOf(subject);
  if (problem !== null) return { verdict: 'error', reason: `${problem}.`, evidence };
  const reason = `New, so that there is nothing to compare it with: its version is there, and eval run ${subject.id} is complete.`;
  return { verdict: 'pass', reason, evidence };
}

/**
 * Where the agent itself has changed, callers get other answers all the same, and whether these are worse is the same
 * question: both versions run by one eval, and the gate sets the two runs against each other.
 */
async function judgeComparison(
  change: RealChange & { readonly from: Pin },
  bench: Bench,
  setting: Setting,
): Promise<Judgement> {
  const { from, to } = change;
  const what = `comparison of version ${to.version} with version ${from.version}`;
  const found = await findComparison(bench, change);
  if (found === null && !setting.options.run) return missing(what, bench);
  const gone = found === null ? await problemWith(from, setting) : null;
  if (gone !== null) {
    return {
      verdict: 'inconclusive',
      reason: `What it is to be compared with cannot be run: ${sentenceOf(gone)}`,
    };
  }
  const subject = found === null ? await makeComparison(bench, change) : await ending(bench, found);
  const evidence = await evidenceOf(subject, { bench, found: found !== null });
  const remarks =
    change.kind === 'moved' ? ['The agent has changed: both were run by the same eval and compared.'] : [];
  if (subject.type !== 'comparison' || subject.verdict === null) {
    return { verdict: 'error', reason: `${subject.id} has no verdict.`, evidence, remarks };
  }
  const reasons =
    subject.report?.reasons.shown.slice(0, mostReasons).map(({ text }) => sentenceOf(text)) ?? [];
  return { verdict: subject.verdict, reason: reasons.join(' '), evidence, remarks };
}

const mostReasons = 3;

function cannotOpen(problem: string): Judgement {
  return { verdict: 'fail', reason: `No session can be opened: ${sentenceOf(problem)}` };
}

function missing(what: string, { terms }: Bench): Judgement {
  const by = `eval ${terms.eval.name} (revision ${terms.eval.revision})`;
  return {
    verdict: 'inconclusive',
    reason: `There is no ${what} by ${by} on the newest cases, and --no-run runs none.`,
  };
}

async function evidenceOf(
  subject: Subject,
  { bench: { server }, found }: { readonly bench: Bench; readonly found: boolean },
): Promise<Evidence> {
  const [table, markdown] = await Promise.all([
    fetchReport(server, subject, { format: 'table', colours: hasColours(process.stdout) }),
    fetchReport(server, subject, { format: 'markdown' }),
  ]);
  return { subject, found, table, markdown };
}

/** Whoever gives a pin a new name, with a new version, is to be seen as well. */
function nameRemarks(change: PinChange): string[] {
  if (change.kind !== 'added' || change.one_of.length === 0) return [];
  const names = change.one_of.join(', ');
  return [
    `Pins of the same agent are gone: ${names}. Whether it is one of them under a new name is not known.`,
  ];
}

/** Who changes the test together with what it tests should be seen to. */
function evalRemarks({ from, to }: PinChange): string[] {
  if (from === null || to === null || from.eval === to.eval) return [];
  return [`The pin’s eval has changed as well, from ${from.eval ?? 'none'} to ${to.eval ?? 'none'}.`];
}
