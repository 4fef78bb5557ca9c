import type { CheckResult, PinOutcome } from './outcome.ts';

/** The result for programs. */
export function checkJson({ pins, ...result }: CheckResult): string {
  return `${JSON.stringify({ schema: 1, ...result, pins: pins.map(pinJson) }, null, 2)}\n`;
}

function pinJson({ change: { name, kind, from, to }, evidence, ...outcome }: PinOutcome): object {
  const { subject = null, found = null } = evidence ?? {};
  return {
    ...{ name, change: kind, from, to, ...outcome, found },
    comparison_id: subject?.type === 'comparison' ? subject.id : null,
    eval_run_id: subject?.type === 'eval_run' ? subject.id : null,
    report: subject?.type === 'comparison' ? subject.report : null,
  };
}
