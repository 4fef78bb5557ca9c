import type { Verdict } from '../../core/evaluation.ts';
import { plain } from '../../core/plain-text.ts';
import { changeInWords } from '../pin/diff.ts';
import { type CheckResult, headline, type PinOutcome } from './outcome.ts';

/** The hidden line by which the comment of an earlier check is found again. */
const commentMarker = '<!-- pawl-check -->';

/** GitHub's kinds of alert. */
const alerts: { readonly [V in Verdict]: string } = {
  ...{ pass: 'TIP', inconclusive: 'WARNING' },
  ...{ fail: 'CAUTION', error: 'CAUTION' },
};

/** GitHub takes comments of 65 536 characters; what does not fit is only named. */
const longest = 60_000;

/** The result for one comment on a pull request, which a later one takes the place of. */
export function checkMarkdown(result: CheckResult): string {
  const { verdict, pins, base, file } = result;
  const shown = pins.filter(({ change }) => change.kind !== 'unchanged');
  const rows = shown.map((pin) => [pin.change.name, changeInWords(pin.change), pin.verdict, why(pin)]);
  const unchanged = pins.length - shown.length;
  const blocks = [
    [commentMarker, `> [!${alerts[verdict]}]`, `> **${verdict}**: ${asText(headline(result))}`].join('\n'),
    ...(rows.length === 0 ? [] : [table([['pin', 'change', 'verdict', 'why'], ...rows])]),
  ];
  const footer = `<sub>Pins of ${asText(file)}, compared with ${asText(base)}; ${unchanged} unchanged.</sub>`;
  let length = blocks.join('\n\n').length + footer.length;
  for (const pin of shown) {
    const whole = details(pin);
    const block = length + whole.length <= longest ? whole : leftOut(pin);
    if (block === '') continue;
    blocks.push(block);
    length += block.length;
  }
  return `${[...blocks, footer].join('\n\n')}\n`;
}

/** Text from elsewhere as itself: nothing in it is markup, a mention, a link or the number of an issue. */
export function asText(text: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
  return plain(text).replace(
    /[&<>]|[@#]|:(?=\/\/)|\bwww(?=\.)|[\\`*_{}[\]()+!|~$]/gi,
    (found) => entities[found] ?? (/^[@#:]$|^www$/i.test(found) ? `${found}<!-- -->` : `\\${found}`),
  );
}

function table([head = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(asText).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---|').join('')}`, ...rows.map(line)].join('\n');
}

function why({ reason, remarks }: PinOutcome): string {
  return [reason, ...remarks].join(' ');
}

/** The server's report, without the marker and the alert that it begins with when it is a comment of its own. */
function details({ change, verdict, evidence }: PinOutcome): string {
  if (evidence === null) return '';
  const { markdown, subject, found } = evidence;
  const body = markdown.startsWith('<!--') ? markdown.slice(markdown.indexOf('\n\n') + 2) : markdown;
  const open = verdict === 'pass' ? '' : ' open';
  const which = `${found ? 'an earlier' : 'this check’s'} ${subject.type === 'comparison' ? 'comparison' : 'eval run'}`;
  // Names and ids have letters, digits, dots, dashes and underscores alone; in here nothing is read as Markdown.
  const summary = `<summary>${change.name}: ${which}, ${subject.id}</summary>`;
  return `<details${open}>${summary}\n\n${body.trimEnd()}\n\n</details>`;
}

function leftOut({ change, evidence }: PinOutcome): string {
  if (evidence === null) return '';
  return `${asText(change.name)}: ${asText(evidence.subject.id)}, which is too long for this comment.`;
}
