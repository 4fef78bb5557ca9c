import type { AgentResponse } from '../../api/wire/agents.ts';
import type { Paint } from '../../core/plain-text.ts';
import { agentFields } from '../agent-files/agent-fields.ts';
import { writeAgentFile } from '../agent-files/agent-file.ts';
import { diffLines, unifiedHunks } from '../agent-files/line-diff.ts';

/** What differs between two versions of an agent, prompt and all, as `diff -u` prints it; no lines when nothing does. */
export function versionDiff(before: AgentResponse, after: AgentResponse): string[] {
  const hunks = unifiedHunks(diffLines({ before: textOf(before), after: textOf(after) }));
  if (hunks.length === 0) return [];
  return [`--- version ${before.version}`, `+++ version ${after.version}`, ...hunks.map(visible)];
}

/** A line of a diff for a terminal. */
export function paintedLine(line: string, paint: Paint): string {
  if (line.startsWith('+')) return paint.green(line);
  return line.startsWith('-') ? paint.red(line) : paint.dim(line);
}

function textOf(agent: AgentResponse): string {
  return writeAgentFile(agentFields(agent)).replace(/\n$/, '');
}

/** What could move the cursor or turn the direction of writing is spelled out, since a reviewer has to see it. */
function visible(line: string): string {
  return line.replace(
    /(?!\t)[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Cf}]/gu,
    (sign) => `\\u{${sign.codePointAt(0)?.toString(16)}}`,
  );
}
