import { setTimeout as pause } from 'node:timers/promises';
import type { Cluster } from '../postgres/cluster.ts';
import { eventually } from '../story.ts';
import type { Fleet } from './traffic.ts';

const patienceMs = 60_000;

/** Takes PostgreSQL away for a while, and sees that the same processes say so, and come back by themselves. */
export async function takeDatabaseAway(
  fleet: Fleet,
  {
    cluster,
    awayMs,
    beforeMs,
  }: { readonly cluster: Cluster; readonly awayMs: number; readonly beforeMs: number },
): Promise<void> {
  const pids = fleet.members().map(({ pid }) => pid);
  await pause(beforeMs);
  await cluster.crash();
  const gone = performance.now();
  await allAnswer(fleet, 503, { status: 'not_ready', reason: 'database_unavailable' });
  await pause(Math.max(0, awayMs - (performance.now() - gone)));
  await cluster.resume();
  await allAnswer(fleet, 200, { status: 'ready' });
  await pause(beforeMs);
  for (const member of fleet.members()) {
    if (!member.alive()) fleet.complain(`a process has ended: ${member.complaints().slice(-2000)}`);
  }
  if (fleet.members().some(({ pid }, place) => pid !== pids[place]))
    fleet.complain('a process is another one');
}

/** Waits until every process says so of itself. */
async function allAnswer(fleet: Fleet, status: number, body: object): Promise<void> {
  await Promise.all(
    fleet.members().map(({ url }) =>
      eventually(
        `${url}/readyz to answer ${status}`,
        async () => {
          const answer = await fetch(`${url}/readyz`);
          const text = await answer.text();
          return answer.status === status && text === JSON.stringify(body);
        },
        patienceMs,
      ),
    ),
  );
}
