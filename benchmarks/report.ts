import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { median, quantile } from './measure.ts';

/** One figure of the report, over the rounds of a run. */
export type Row = {
  readonly id: string;
  readonly scenario: string;
  readonly metric: string;
  /** One value for each round. */
  readonly values: readonly number[];
  readonly target: number;
  readonly fail_above: number;
  /** What the value was compared with, or what it stands beside. */
  readonly note: string;
};

const digits = (value: number): string => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(2));

/** A row in words, for the terminal and for the file. */
export function line(row: Row): string {
  const middle = median(row.values);
  const range = `${digits(quantile(row.values, 0))} to ${digits(quantile(row.values, 1))}`;
  const verdict = middle <= row.target ? 'met' : middle <= row.fail_above ? 'missed' : 'FAILED';
  return `| ${row.id} | ${row.scenario} | ${row.metric} | ${digits(middle)} | ${range} | ${digits(row.target)} | ${verdict} | ${row.note} |`;
}

/** Whether any figure is beyond what is tolerated. */
export function anyFailed(rows: readonly Row[]): boolean {
  return rows.some((row) => !(median(row.values) <= row.fail_above));
}

/** Writes the figures with the machine and the commit that they belong to. */
export function writeResults(file: string, rows: readonly Row[], rounds: number): void {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  const cpu = cpus();
  const text = `# Results

Node ${process.version}, Linux ${release()}, ${cpu.length} processors (${cpu[0]?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB; commit ${commit};
${rounds} rounds, each beside the durable floor. The load, the model and the server share the processors, so trust
ratios and processor time before absolute times. How each figure comes about is in [README.md](README.md).

| row | scenario | figure | median | range | target | verdict | note |
|---|---|---|--:|--:|--:|---|---|
${rows.map(line).join('\n')}
`;
  writeFileSync(file, text);
}
