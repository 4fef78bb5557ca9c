import { Link, useParams } from '@tanstack/react-router';
import { type ReactNode, useEffect } from 'react';
import type { SessionResponse } from '../../../src/api/wire/sessions.ts';
import { useRead } from '../http/use-read.ts';
import { Badge, StatusBadge } from '../parts/badge.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Page } from '../parts/page.tsx';
import { costText, durationText, numberText } from '../parts/quantities.ts';
import { Time } from '../parts/time.tsx';
import { LabelPanel } from './label-panel.tsx';
import { SaySomething } from './say-something.tsx';
import { ScorePanel } from './score-panel.tsx';
import { Transcript } from './transcript.tsx';
import type { SessionEvent } from './transcript-items.ts';
import { useSessionEvents } from './use-session-events.ts';

/** One session, live: what was said and done, what it cost, and what people think of it. */
export function SessionPage(): ReactNode {
  const { sessionId } = useParams({ strict: false }) as { sessionId: string };
  const session = useRead<SessionResponse>(`/v1/sessions/${sessionId}`);
  const { events, preview, liveness } = useSessionEvents(sessionId);
  const { refetch } = session;
  const last = lastStatus(events ?? []);
  // What the session has used is known to the server alone, and changes when its status does.
  useEffect(() => {
    if (last !== null) void refetch();
  }, [last, refetch]);

  return (
    <Loaded of={session}>
      {(known) => (
        <Page title={known.title ?? 'Session'} under={[{ text: 'Sessions', to: '/sessions' }]}>
          <p className="faint">
            <code>{known.id}</code>{' '}
            {liveness === 'lost' && <Badge tone="warn">connection lost, trying again</Badge>}
          </p>
          <div className="columns">
            <div>
              {events === null ? (
                <p className="loading">Loading…</p>
              ) : events.length === 0 ? (
                <p className="empty">Nothing was said yet.</p>
              ) : (
                <Transcript events={events} preview={preview} />
              )}
              <SaySomething session={known} />
            </div>
            <div>
              <Facts session={known} />
              <ScorePanel session={known} />
              <LabelPanel session={known} />
            </div>
          </div>
        </Page>
      )}
    </Loaded>
  );
}

/** The last event that says how the session stands; null when there is none. */
function lastStatus(events: readonly SessionEvent[]): string | null {
  return events.findLast(({ type }) => type.startsWith('session.'))?.id ?? null;
}

function Facts({ session }: { readonly session: SessionResponse }): ReactNode {
  const { agent, pawl, usage, stats } = session;
  return (
    <section className="panel" aria-label="Facts">
      <h2>Facts</h2>
      <dl className="facts">
        <dt>Status</dt>
        <dd>
          <StatusBadge status={session.status} />
        </dd>
        <dt>Agent</dt>
        <dd>
          <Link to={`/agents/${agent.id}`}>{agent.name}</Link>,{' '}
          <Link to={`/agents/${agent.id}/versions/${agent.version}`}>version {agent.version}</Link>
        </dd>
        <dt>Given by</dt>
        <dd>
          {pawl.alias ?? pawl.reason}{' '}
          {pawl.rollout !== null && (
            <Link to={`/release/rollouts/${pawl.rollout.id}`}>
              {pawl.rollout.arm} at {pawl.rollout.weight} %
            </Link>
          )}{' '}
          {pawl.overridden && <Badge tone="note">overridden: counts in no evaluation</Badge>}
        </dd>
        <dt>Model</dt>
        <dd>
          {pawl.served_by === null
            ? 'nobody serves it any more'
            : `${pawl.served_by.model} by ${pawl.served_by.provider}`}{' '}
          {pawl.served_by?.provider === 'offline' && <Badge tone="warn">offline</Badge>}
        </dd>
        <dt>Tokens</dt>
        <dd>
          {numberText(usage.input_tokens)} in, {numberText(usage.output_tokens)} out,{' '}
          {numberText(usage.cache_read_input_tokens)} from the cache
        </dd>
        <dt>Cost</dt>
        <dd>{pawl.cost_usd === null ? 'no price known' : costText(pawl.cost_usd)}</dd>
        <dt>At work</dt>
        <dd>{durationText(stats.active_seconds * 1000)}</dd>
        <dt>Begun</dt>
        <dd>
          <Time at={session.created_at} />
        </dd>
        {pawl.stopped_at !== null && (
          <>
            <dt>Stopped</dt>
            <dd>
              <Time at={pawl.stopped_at} />: its version was rolled back
            </dd>
          </>
        )}
      </dl>
    </section>
  );
}
