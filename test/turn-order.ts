import type { SessionEvent } from './story.ts';

/** One letter for each type, so that the order of a history can be a regular expression. */
const letters: Readonly<Record<string, string>> = {
  'user.message': 'U',
  'user.interrupt': 'I',
  'session.status_running': 'R',
  'session.thread_status_running': 'r',
  'span.model_request_start': 'S',
  'agent.message': 'M',
  'agent.custom_tool_use': 'C',
  'user.custom_tool_result': 'A',
  'span.model_request_end': 'E',
  'session.error': 'X',
  'session.thread_status_rescheduled': 'q',
  'session.status_rescheduled': 'Q',
  'session.thread_status_idle': 'i',
  'session.usage': 'u',
  'session.status_idle': 'D',
};

const taken = 'I*U[UI]*Rr';
/** A request that failed, and is made again: after a pause, or because a crash cut it short. */
const again = '(?:ES|EXqQRrS)';
/** A reply that calls tools of the user's, who answers them in one request or in several. */
const called = 'M?C+EiuD(?:A+iuD)*A+RrS';
const answered = 'M?I*E';
const givenUp = 'EX[UI]*';
const interruptedInPause = 'EXqQI+';
const turn = `${taken}S(?:${again}*${called})*${again}*(?:${answered}|${givenUp}|${interruptedInPause})iuD`;
/** The turn in which a session was stopped: what was queued goes into the history, and starts no other. */
const lastTurn = `${taken}S${again}*(?:M?I*E|EX|EXqQ)[UI]*iuD`;
const whole = new RegExp(`^(?:${turn})*I*$`);
const wholeStopped = new RegExp(`^(?:${turn})*(?:${lastTurn})?I*$`);

/** What is wrong with a history of finished turns, of a session that was stopped or not; empty when nothing is. */
export function orderProblems(events: readonly SessionEvent[], { stopped = false } = {}): string[] {
  const text = events.map((event) => letters[event.type] ?? '?').join('');
  const problems = (stopped ? wholeStopped : whole).test(text) ? [] : [`the order is ${text}`];
  const ids = events.map((event) => event.id);
  if (new Set(ids).size !== ids.length) problems.push('an id comes twice');
  const times = events.map((event) => event.processed_at ?? 'none');
  for (const [i, time] of times.entries()) {
    if (time === 'none') problems.push(`event ${i} has no time`);
    else if (i > 0 && time <= (times[i - 1] ?? ''))
      problems.push(`event ${i} is not after the one before it`);
  }
  let open: string | null = null;
  for (const event of events) {
    if (event.type === 'span.model_request_start') open = event.id;
    if (event.type === 'span.model_request_end') {
      if (event.model_request_start_id !== open) problems.push(`${event.id} ends another request`);
      open = null;
    }
  }
  return problems;
}
