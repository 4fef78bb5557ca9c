import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { comparison, evalRun, runCounts } from '../../../test/eval-subjects.ts';
import type { Subject } from './subject.ts';
import { watchUntilOver } from './watch.ts';

/** What a scripted server does with one request. */
type Answer = (response: ServerResponse) => void;

/** A server that answers requests one after another as it is told, and the last way from then on. */
async function scripted(answers: readonly Answer[]): Promise<{ url: string; paths: string[] }> {
  const paths: string[] = [];
  const server = createServer((request, response) => {
    const answer = answers[Math.min(paths.length, answers.length - 1)];
    paths.push(request.url ?? '');
    answer?.(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, paths };
}

const eventOf = (subject: Subject) => `event: ${subject.type}\ndata: ${JSON.stringify(subject)}\n\n`;
const sends =
  (...subjects: Subject[]): Answer =>
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(subjects.map(eventOf).join(''));
  };
const breaksAfter =
  (subject: Subject): Answer =>
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(eventOf(subject), () => response.destroy());
  };
const refuses =
  (status: number, message: string): Answer =>
  (response) => {
    response.writeHead(status).end(JSON.stringify({ error: { message } }));
  };

const at = (done: number) => evalRun({ counts: runCounts({ done }) });
const over = evalRun({ status: 'completed', counts: runCounts({ done: 60 }) });

/** Watches to the end without ever waiting; gives what was heard of and how long the pauses would have been. */
async function watch(url: string, subject: Subject = at(0)) {
  const heard: Subject[] = [];
  const pauses: number[] = [];
  const last = await watchUntilOver({ url, key: null, key_from: null }, subject, {
    onState: (state) => heard.push(state),
    pause: async (ms) => {
      pauses.push(ms);
    },
  });
  return { last, heard, pauses };
}

test('A stream is followed to the end of what it tells of', async () => {
  const { url, paths } = await scripted([sends(at(1), at(2), over)]);
  expect(await watch(url)).toEqual({ last: over, heard: [at(1), at(2), over], pauses: [] });
  expect(paths).toEqual(['/pawl/v1/eval_runs/erun_b/stream']);
});

test('A comparison has a stream of its own, and pings are not news', async () => {
  const ended = comparison({ status: 'completed', verdict: 'pass' });
  const { url, paths } = await scripted([
    (response) => response.end(`event: ping\ndata: {"type":"ping"}\n\n${eventOf(ended)}`),
  ]);
  expect(await watch(url, comparison())).toMatchObject({ heard: [ended] });
  expect(paths).toEqual(['/pawl/v1/comparisons/cmp_a/stream']);
});

test('A stream that breaks or ends too early is opened again, and nothing is told twice', async () => {
  const { url } = await scripted([breaksAfter(at(1)), sends(at(1)), sends(at(1), at(2)), sends(over)]);
  const { heard, pauses } = await watch(url);
  expect(heard).toEqual([at(1), at(2), over]);
  expect(pauses).toEqual([250, 500, 250]);
});

test('Pauses grow to ten seconds while there is nothing new', async () => {
  const silent = Array.from({ length: 8 }, () => sends(at(1)));
  const { url } = await scripted([...silent, sends(over)]);
  expect((await watch(url)).pauses).toEqual([250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
});

test('A stream that has had nothing but pings for a minute is opened again, for other processes may know more', async () => {
  const ping = 'event: ping\ndata: {"type":"ping"}\n\n';
  const { url } = await scripted([
    (response) => response.write(`${eventOf(at(1))}${ping.repeat(3)}${eventOf(at(2))}${ping.repeat(4)}`),
    sends(over),
  ]);
  expect(await watch(url)).toEqual({ last: over, heard: [at(1), at(2), over], pauses: [250] });
});

test('A server that is overloaded for a while is waited for', async () => {
  const { url } = await scripted([refuses(503, 'Busy'), refuses(429, 'Slow down'), sends(over)]);
  expect(await watch(url)).toMatchObject({ last: over, pauses: [250, 500] });
});

test('A refusal is final', async () => {
  const { url, paths } = await scripted([refuses(404, 'eval run erun_b does not exist')]);
  await expect(watch(url)).rejects.toThrow('eval run erun_b does not exist');
  expect(paths).toHaveLength(1);
});

test('A server that stays away is given up, with word of how to come back', async () => {
  const { url, paths } = await scripted([refuses(502, 'No gateway')]);
  await expect(watch(url)).rejects.toThrow(/No gateway\..*`pawl eval watch erun_b` follows it again/);
  expect(paths.length).toBe(35);
});

test('Whoever stops the command is not made to wait', async () => {
  const stop = new AbortController();
  const { url } = await scripted([
    (response) => {
      response.writeHead(200).write(eventOf(at(1)));
    },
  ]);
  const watching = watchUntilOver({ url, key: null, key_from: null, signal: stop.signal }, at(0), {
    onState: () => stop.abort(new Error('stopped')),
    pause: async () => {},
  });
  await expect(watching).rejects.toThrow('stopped');
});

test('A server that does not come back at once is told of, once', async () => {
  const said: string[] = [];
  const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said.push(String(text));
    return true;
  });
  onTestFinished(() => write.mockRestore());
  const down = Array.from({ length: 6 }, () => refuses(503, 'Not now'));
  const { url } = await scripted([...down, sends(over)]);
  expect((await watch(url)).last).toEqual(over);
  expect(said).toEqual(['Not now. It is asked again for about five minutes.\n']);
});
