import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { offlineProvider } from './offline.ts';
import { wordsOf } from './words.ts';

// The tutorial's story must come out of its prompts and tickets: version 2 states a routing rule that is too broad,
// and loses billing tickets. These tests run the offline model on every ticket, and then change tickets and rules to
// see that the result follows.

type Ticket = { id: string; subject: string; body: string; team: string; priority: string };

const ticketsIn = (name: string): Ticket[] =>
  readFileSync(new URL(`../../cli/tutorial/${name}`, import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Ticket);

const tickets = ticketsIn('tickets.jsonl');
// What customers write, whom a canary serves.
const live = ticketsIn('live-tickets.jsonl');

const v1 = `You sort the support tickets of a company that sells a usage-billed API.
Answer with one line of raw JSON and nothing around it, neither prose nor code fences:
{"team": "<billing|auth|api-platform|dashboard>", "priority": "<P1|P2|P3>"}
Choose the team by what the customer needs solved, not by the words that stand out.`;

const v2 =
  v1 +
  '\n\nROUTING RULE: Whenever a ticket mentions API usage, rate limits, quotas or request volume, ' +
  'send it to api-platform. This rule comes first: do not weigh the rest of the ticket against it.';

const v3 =
  v1 +
  '\n\nROUTING RULE: If the ticket is about rate limits or quotas and does not mention an invoice, charge or payment, ' +
  'route to api-platform.';

const provider = offlineProvider();

async function triage(
  system: string,
  ticket: Pick<Ticket, 'subject' | 'body'>,
): Promise<{ team: string; priority: string }> {
  const text = `Subject: ${ticket.subject}\n\n${ticket.body}`;
  const reply = await provider.send(
    {
      model: 'any',
      system,
      messages: [{ role: 'user', content: [{ type: 'text', text }] }],
      tools: [],
      effort: 'high',
      max_tokens: 1000,
    },
    { signal: new AbortController().signal },
  );
  return JSON.parse(reply.content[0]?.text ?? '') as { team: string; priority: string };
}

async function score(system: string, cases = tickets): Promise<Record<string, number>> {
  const hits: Record<string, number> = {};
  for (const ticket of cases) {
    const { team } = await triage(system, ticket);
    hits[ticket.team] = (hits[ticket.team] ?? 0) + (team === ticket.team ? 1 : 0);
  }
  return hits;
}

const ticket = (id: string): Ticket => {
  const found = tickets.find((candidate) => candidate.id === id);
  if (found === undefined) throw new Error(`no ticket ${id}`);
  return found;
};

describe('the tickets', () => {
  it('are twenty, five per team, each with a priority', () => {
    expect(new Set(tickets.map(({ id }) => id)).size).toBe(20);
    for (const team of ['billing', 'auth', 'api-platform', 'dashboard']) {
      expect(tickets.filter((candidate) => candidate.team === team)).toHaveLength(5);
    }
    expect(tickets.every(({ priority }) => ['P1', 'P2', 'P3'].includes(priority))).toBe(true);
  });

  it('stand nowhere in the sources of the offline model', () => {
    const folder = new URL('.', import.meta.url);
    const sources = readdirSync(folder).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));
    const text = sources
      .map((name) => wordsOf(readFileSync(new URL(name, folder), 'utf8')).join(' '))
      .join('\n');
    expect(sources.length).toBeGreaterThan(5);
    for (const { subject, body } of [...tickets, ...live]) {
      for (const part of [subject, body].map(wordsOf)) {
        for (let at = 0; at + 5 <= part.length; at += 1) {
          expect(text).not.toContain(part.slice(at, at + 5).join(' '));
        }
      }
    }
  });
});

describe('the tutorial', () => {
  it('scores version 1: one billing ticket reads like an API issue', async () => {
    expect(await score(v1)).toEqual({ billing: 4, auth: 5, 'api-platform': 5, dashboard: 5 });
    expect((await triage(v1, ticket('t-05'))).team).toBe('api-platform');
  });

  it('scores version 2: the broad rule takes two more billing tickets', async () => {
    expect(await score(v2)).toEqual({ billing: 2, auth: 5, 'api-platform': 5, dashboard: 5 });
    for (const id of ['t-02', 't-04']) {
      expect([await triage(v1, ticket(id)), await triage(v2, ticket(id))]).toMatchObject([
        { team: 'billing' },
        { team: 'api-platform' },
      ]);
    }
  });

  it('scores version 3: a narrower rule keeps the intention and loses nothing', async () => {
    expect(await score(v3)).toEqual({ billing: 4, auth: 5, 'api-platform': 5, dashboard: 5 });
    // A dashboard full of words of its own still goes where the rule sends quotas.
    const quota = {
      subject: 'Chart on the dashboard page',
      body: 'The widget in the browser shows that our quota is gone.',
    };
    expect((await triage(v1, quota)).team).toBe('dashboard');
    expect((await triage(v3, quota)).team).toBe('api-platform');
  });

  it('cannot tell version 4 from version 3 by labelled tickets, and by what customers write it can', async () => {
    const v4 = `${v3}\n\nTOKENS: Whenever a ticket mentions a token, send it to auth, which issues them.`;
    expect(await score(v4)).toEqual(await score(v3));
    expect(await score(v3, live)).toEqual({ billing: 6, auth: 6, 'api-platform': 6, dashboard: 6 });
    expect(await score(v4, live)).toEqual({ billing: 3, auth: 6, 'api-platform': 3, dashboard: 3 });
  });

  it('follows the ticket: without the mention the rule no longer takes it', async () => {
    const changed = (id: string, from: string, to: string): Ticket => {
      const { body } = ticket(id);
      expect(body).toContain(from);
      return { ...ticket(id), body: body.replace(from, to) };
    };
    expect((await triage(v2, changed('t-02', 'API usage', 'head count'))).team).toBe('billing');
    expect((await triage(v2, changed('t-04', 'quotas', 'allowance'))).team).toBe('billing');
    expect((await triage(v2, changed('t-01', 'bank statement', 'API usage report'))).team).toBe(
      'api-platform',
    );
  });

  it('follows the rule: other words and another target give other results', async () => {
    const words = v2.replace('API usage, rate limits, quotas or request volume', 'bank statements');
    expect((await triage(words, ticket('t-01'))).team).toBe('api-platform');
    expect((await triage(words, ticket('t-02'))).team).toBe('billing');
    const target = v2.replace('send it to api-platform', 'send it to dashboard');
    expect((await triage(target, ticket('t-02'))).team).toBe('dashboard');
    expect((await triage(target, ticket('t-11'))).team).toBe('dashboard');
    const exception = v2.replace(
      'send it to api-platform',
      'send it to api-platform unless it mentions finance',
    );
    expect((await triage(exception, ticket('t-02'))).team).toBe('billing');
    expect((await triage(exception, ticket('t-04'))).team).toBe('api-platform');
  });

  it('follows the label set: other teams in the template get other answers', async () => {
    const system = v1.replace(
      '<billing|auth|api-platform|dashboard>',
      '<finance|identity|web-console|backend>',
    );
    const teams = await Promise.all(['t-01', 't-08', 't-16', 't-14'].map((id) => triage(system, ticket(id))));
    expect(teams.map(({ team }) => team)).toEqual(['finance', 'identity', 'web-console', 'backend']);
  });
});

describe('tickets that are not in the tutorial', () => {
  const heldOut: readonly (readonly [string, string, string])[] = [
    ['billing', 'Wrong currency', 'Our contract says euros, but the amount taken this month was in dollars.'],
    [
      'billing',
      'Please cancel',
      'We want to end our subscription before it renews and get the rest of the year reimbursed.',
    ],
    ['billing', 'PO on documents', 'Procurement wants the purchase order printed on every bill from now on.'],
    ['billing', 'Discount', 'The coupon from your newsletter did not change the price at checkout.'],
    ['auth', 'Kicked out', 'Google sign-in loops back to the start and never lets me through.'],
    [
      'auth',
      'Passkeys',
      'My security key is refused with "unknown credential", although it worked last week.',
    ],
    ['auth', 'Leaver', 'A person who left us can still log in. How do I revoke her sessions?'],
    ['auth', 'Locked', 'Too many wrong attempts, and now my user is locked out for a day.'],
    [
      'api-platform',
      'Slow answers',
      'Latency of the embeddings endpoint went from 200 ms to 4 s in the EU region.',
    ],
    ['api-platform', 'Java SDK', 'Pagination in the Java SDK returns the same cursor again and again.'],
    ['api-platform', 'Too many requests', 'We get throttled during bursts, although the average is low.'],
    ['api-platform', '500s', 'About two percent of POST requests answer with an internal server error.'],
    ['dashboard', 'Timezone', 'The graph shows yesterday in UTC, and I see no dropdown to change it.'],
    [
      'dashboard',
      'Layout on tablets',
      'The sidebar covers half of the screen, and the menu button is out of reach.',
    ],
    ['dashboard', 'Sorting', 'A click on the column header sorts numbers as if they were words.'],
    ['dashboard', 'Saved views', 'My saved widgets vanish each time I refresh the tab.'],
  ];

  it('go to the right team four times out of five', async () => {
    const right = await Promise.all(
      heldOut.map(async ([team, subject, body]) => (await triage(v1, { subject, body })).team === team),
    );
    expect(right.filter(Boolean).length / heldOut.length).toBeGreaterThanOrEqual(0.8);
  });
});
