import { type ReactNode, useMemo, useState } from 'react';
import { numberText } from '../quantities.ts';
import { type DiffLine, diffLines, fold, type Pair, sideBySide } from './diff-lines.ts';
import './text-diff.css';

export type DiffView = 'split' | 'inline';

type Props = {
  /** What the texts are, such as `prompt`. */
  readonly name: string;
  readonly before: string;
  readonly after: string;
  /** What the two sides are called. */
  readonly titles: readonly [string, string];
  readonly view: DiffView;
};

/** Two texts, and where they differ. Signs and hidden words say what the colours do. */
export function TextDiff({ name, before, after, titles, view }: Props): ReactNode {
  const lines = useMemo(() => diffLines(before, after), [before, after]);
  if (before === after) return <p className="faint">The {name} is the same in both.</p>;
  return (
    <div className="table-box">
      <table className={`diff diff-${view}`}>
        <caption className="unseen">
          Changes of the {name} from {titles[0]} to {titles[1]}
        </caption>
        {view === 'split' ? (
          <Split lines={lines} titles={titles} />
        ) : (
          <Inline lines={lines} titles={titles} />
        )}
      </table>
    </div>
  );
}

type Lines = { readonly lines: readonly DiffLine[]; readonly titles: readonly [string, string] };

function Split({ lines, titles }: Lines): ReactNode {
  const pairs = useMemo(() => sideBySide(lines), [lines]);
  return (
    <>
      <colgroup>
        <col />
        <col />
        <col />
        <col />
      </colgroup>
      <thead>
        <tr>
          {titles.map((title) => (
            <th key={title} colSpan={2} scope="colgroup">
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <Folded
        lines={pairs}
        isSame={({ left, right }) => left === right}
        keyOf={({ left, right }) => `${left?.before}-${right?.after}`}
        columns={4}
      >
        {({ left, right }: Pair) => (
          <>
            <Side line={left} number={left?.before} />
            <Side line={right} number={right?.after} />
          </>
        )}
      </Folded>
    </>
  );
}

function Side({
  line,
  number,
}: {
  readonly line: DiffLine | null;
  readonly number: number | null | undefined;
}): ReactNode {
  if (line === null) return <td colSpan={2} className="diff-none" />;
  return (
    <>
      <td className="diff-number">{number}</td>
      <Text line={line} />
    </>
  );
}

function Inline({ lines, titles }: Lines): ReactNode {
  return (
    <>
      <thead>
        <tr>
          {titles.map((title) => (
            <th key={title} scope="col" className="diff-number">
              {title}
            </th>
          ))}
          <th scope="col">Text</th>
        </tr>
      </thead>
      <Folded
        lines={lines}
        isSame={({ kind }) => kind === 'same'}
        keyOf={({ before, after }) => `${before}-${after}`}
        columns={3}
      >
        {(line: DiffLine) => (
          <>
            <td className="diff-number">{line.before}</td>
            <td className="diff-number">{line.after}</td>
            <Text line={line} />
          </>
        )}
      </Folded>
    </>
  );
}

const signs = { same: '  ', removed: '− ', added: '+ ' } as const;

function Text({ line: { kind, parts } }: { readonly line: DiffLine }): ReactNode {
  return (
    <td className={`diff-text diff-${kind}`}>
      <span aria-hidden="true">{signs[kind]}</span>
      {kind !== 'same' && <span className="unseen">{kind}: </span>}
      {parts.map(({ text, changed }, n) => {
        // Parts have no name but their place, and never move.
        const key = `${n}-${text}`;
        return changed ? <mark key={key}>{text}</mark> : <span key={key}>{text}</span>;
      })}
    </td>
  );
}

type FoldedProps<Line> = {
  readonly lines: readonly Line[];
  readonly isSame: (line: Line) => boolean;
  readonly keyOf: (line: Line) => string;
  readonly columns: number;
  readonly children: (line: Line) => ReactNode;
};

/** How many rows are added at once: a browser is busy for many seconds with all that two long prompts can have. */
const rowsAtOnce = 1000;

/** Rows, of which those that are equal and far from a change can be shown on demand, as can what is far down. */
function Folded<Line>({ lines, isSame, keyOf, columns, children }: FoldedProps<Line>): ReactNode {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const [most, setMost] = useState(rowsAtOnce);
  const more = (key: string, text: string, onClick: () => void): ReactNode => (
    <tr key={key}>
      <td colSpan={columns} className="diff-fold">
        <button type="button" className="head" onClick={onClick}>
          {text}
        </button>
      </td>
    </tr>
  );
  const rows = fold(lines, isSame).flatMap((stretch): ReactNode[] => {
    const [first] = stretch.lines;
    const key = first === undefined ? '' : keyOf(first);
    if (!stretch.hidden || open.has(key)) {
      return stretch.lines.map((line) => <tr key={keyOf(line)}>{children(line)}</tr>);
    }
    const text = `Show ${stretch.lines.length} lines that are the same`;
    return [more(key, text, () => setOpen(new Set([...open, key])))];
  });
  const left = rows.length - most;
  return (
    <tbody>
      {rows.slice(0, most)}
      {left > 0 &&
        more('more', `Show ${Math.min(left, rowsAtOnce)} more of ${numberText(left)} rows`, () =>
          setMost(most + rowsAtOnce),
        )}
    </tbody>
  );
}
