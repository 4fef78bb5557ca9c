import type { ComparisonResponse } from '../../api/comparisons.ts';
import { counted } from '../../core/quantities.ts';
import { followToReport, type ReportOptions } from '../eval/follow.ts';
import { note } from '../eval/note.ts';
import { startJob } from '../eval/start.ts';
import type { OpenServer } from '../open-server.ts';

/** Reading thousands of sessions takes a while. */
const timeoutMs = 10 * 60_000;

/**
 * Has recorded sessions compared, says how many there are, follows the comparison to its report, and ends with the
 * verdict.
 * @throws CommandError, InterruptedError
 */
export async function followRecorded(
  server: OpenServer,
  { path, body }: { readonly path: string; readonly body: object },
  options: ReportOptions & { readonly url?: string },
): Promise<void> {
  const flags = { url: options.url };
  const doubt = 'Whether it has begun is not known; `pawl eval list` shows what there is.';
  const started = await startJob<ComparisonResponse>(server, {
    ...{ path, body, flags, doubt, timeout_ms: timeoutMs },
  });
  for (const line of startedText(started)) note(line);
  await followToReport(server, started, { ...options, flags });
}

/** What a comparison of recorded sessions is made of. */
export function startedText({ id, baseline, candidate, origin }: ComparisonResponse): string[] {
  const versions = `Version ${candidate.agent_version} of ${candidate.agent_id}, against what version ${baseline.agent_version} answered`;
  const taken = counted(origin?.taken ?? 0, origin?.type === 'shadow' ? 'turn' : 'session');
  const left = Object.entries(origin?.left_out ?? {}).map(
    ([reason, count]) => `${count} ${reason.replaceAll('_', ' ')}`,
  );
  return [
    `${versions}: ${taken}. This is comparison ${id}.`,
    ...(left.length === 0 ? [] : [`Left out: ${left.join(', ')}.`]),
  ];
}
