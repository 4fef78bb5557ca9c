import { type ReactNode, useMemo } from 'react';
import type { ResultBlock } from '../../../src/core/content.ts';
import { Badge } from '../parts/badge.tsx';
import { costText, durationText, numberText } from '../parts/quantities.ts';
import {
  type ModelRequest,
  type SessionEvent,
  type ToolCall,
  type TranscriptItem,
  transcriptItems,
} from './transcript-items.ts';
import './transcript.css';

type Props = {
  readonly events: readonly SessionEvent[];
  /** What the agent is saying at the moment, before it is an event. */
  readonly preview?: string;
};

/** What was said and done in a session. Whatever a model or a user wrote is shown as text and as nothing else. */
export function Transcript({ events, preview = '' }: Props): ReactNode {
  const items = useMemo(() => transcriptItems(events), [events]);
  return (
    <ol className="transcript">
      {items.map((item) => (
        <li key={item.id} className={`item item-${item.kind}`}>
          <Item item={item} />
        </li>
      ))}
      {preview !== '' && (
        <li className="item item-said said-agent" aria-live="polite">
          <h3>Agent, speaking</h3>
          <pre>{preview}</pre>
        </li>
      )}
    </ol>
  );
}

function Item({ item }: { readonly item: TranscriptItem }): ReactNode {
  switch (item.kind) {
    case 'said':
      return (
        <div className={`said said-${item.by}`}>
          <h3>{speakers[item.by]}</h3>
          <Blocks content={item.content} />
        </div>
      );
    case 'call':
      return <Call call={item.call} />;
    case 'request':
      return <Request request={item.request} />;
    case 'error':
      return (
        <p>
          <Badge tone="bad">{item.error.type}</Badge> {item.error.message}
          {item.error.retry_status.type === 'retrying' && ' It is tried again.'}
        </p>
      );
    case 'idle':
      return (
        <p className="faint">
          Idle: {item.reason.type.replaceAll('_', ' ')}
          {item.explanation !== null && `. ${item.explanation}`}
        </p>
      );
    case 'note':
      return <p className="faint">{item.text}</p>;
  }
}

const speakers = { user: 'User', agent: 'Agent', system: 'System' } as const;

/** What a message is made of. Pictures and documents are named, not fetched. */
function Blocks({ content }: { readonly content: readonly ResultBlock[] }): ReactNode {
  return content.map((block, n) => (
    // Blocks have no name but their place, and never move.
    // biome-ignore lint/suspicious/noArrayIndexKey: see above
    <Block key={n} block={block} />
  ));
}

function Block({ block }: { readonly block: ResultBlock }): ReactNode {
  if (block.type === 'text') return <pre>{block.text}</pre>;
  if (block.type === 'search_result') {
    return (
      <>
        <p>
          {block.title} <span className="faint">({block.source})</span>
        </p>
        <Blocks content={block.content} />
      </>
    );
  }
  return <p className="faint">[{block.type === 'image' ? 'a picture' : 'a document'}]</p>;
}

function Call({ call }: { readonly call: ToolCall }): ReactNode {
  const { name, server, input, permission, answer, took_ms } = call;
  return (
    <details open>
      <summary>
        Calls <code>{server === null ? name : `${server}.${name}`}</code>{' '}
        {permission === 'deny' && <Badge tone="bad">denied</Badge>}
        {permission === 'ask' && answer === null && <Badge tone="warn">asks</Badge>}
        {answer === null && permission !== 'deny' && <Badge tone="busy">no answer yet</Badge>}
        {answer?.is_error === true && <Badge tone="bad">error</Badge>}{' '}
        {took_ms !== null && <span className="faint">{durationText(took_ms)}</span>}
      </summary>
      <pre>{JSON.stringify(input, null, 2)}</pre>
      {answer !== null && (
        <div className="answer">
          <h4>Answer</h4>
          <Blocks content={answer.content} />
        </div>
      )}
    </details>
  );
}

function Request({ request }: { readonly request: ModelRequest }): ReactNode {
  const { is_over, is_error, model, provider, usage, cost_usd, took_ms } = request;
  if (!is_over) return <p className="faint">The model is asked…</p>;
  const facts = [
    model === null ? 'model request' : `${model} by ${provider}`,
    usage === null ? null : `${numberText(usage.input_tokens)} in, ${numberText(usage.output_tokens)} out`,
    took_ms === null ? null : durationText(took_ms),
    cost_usd === null ? null : costText(cost_usd),
  ];
  return (
    <p className="faint">
      {is_error && <Badge tone="bad">failed</Badge>} {facts.filter((fact) => fact !== null).join(' · ')}
    </p>
  );
}
