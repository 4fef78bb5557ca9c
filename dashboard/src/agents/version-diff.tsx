import { type ReactNode, useState } from 'react';
import type { AgentResponse } from '../../../src/api/wire/agents.ts';
import { type DiffView, TextDiff } from '../parts/diff/text-diff.tsx';
import { Choice } from '../parts/field.tsx';

/** What of an agent is compared: all that a version fixes. */
export type Comparable = Pick<
  AgentResponse,
  'name' | 'description' | 'system' | 'model' | 'tools' | 'mcp_servers' | 'metadata'
>;

type Props = {
  readonly before: Comparable;
  readonly after: Comparable;
  /** What the two are called, such as `version 1`. */
  readonly titles: readonly [string, string];
};

const parts: readonly { readonly name: string; readonly textOf: (of: Comparable) => string }[] = [
  { name: 'prompt', textOf: ({ system }) => system ?? '' },
  { name: 'model', textOf: ({ model }) => JSON.stringify(model, null, 2) },
  { name: 'tools', textOf: ({ tools }) => JSON.stringify(tools, null, 2) },
  { name: 'MCP servers', textOf: ({ mcp_servers }) => JSON.stringify(mcp_servers, null, 2) },
  {
    name: 'description',
    textOf: ({ name, description, metadata }) => JSON.stringify({ name, description, metadata }, null, 2),
  },
];

/** Two versions, and where they differ: in prompt, model, tools, and what else they fix. */
export function VersionDiff({ before, after, titles }: Props): ReactNode {
  const [view, setView] = useState<DiffView>('split');
  const changed = parts.filter(({ textOf }) => textOf(before) !== textOf(after));
  if (changed.length === 0) return <p>Nothing differs.</p>;
  const same = parts.filter((part) => !changed.includes(part)).map(({ name }) => name);
  return (
    <>
      <div className="list-tools">
        <Choice
          label="View"
          value={view}
          onChange={(value) => setView(value === 'inline' ? 'inline' : 'split')}
          options={[
            { value: 'split', text: 'Side by side' },
            { value: 'inline', text: 'One below the other' },
          ]}
        />
      </div>
      {changed.map(({ name, textOf }) => (
        <section key={name} aria-label={`Changes of the ${name}`}>
          <h3>{name.charAt(0).toUpperCase() + name.slice(1)}</h3>
          <TextDiff name={name} before={textOf(before)} after={textOf(after)} titles={titles} view={view} />
        </section>
      ))}
      {same.length > 0 && <p className="faint">The same in both: {same.join(', ')}.</p>}
    </>
  );
}
