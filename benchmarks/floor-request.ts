/**
 * The yardstick for long conversations: the least that a turn of them can cost. It builds the requests of the first turns
 * and of the last ones, with all that was said before, sends them to the model and reads the answers, a slice of the ones
 * and a slice of the others in turn, and prints the CPU of one turn of each kind. Arguments: the model's URL, how many
 * turns there are, how many are first or last, how many a slice has, and how many conversations there are at a time.
 */
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { verdict } from './fake-model.ts';
import { middleMean, sideBySide, takeSlices } from './measure.ts';

const [url = '', ...numbers] = process.argv.slice(2);
const [turns = 0, stretch = 0, slice = 0, width = 0] = numbers.map(Number);
const agent = new Agent({ keepAlive: true });

async function ask(turn: number): Promise<void> {
  const messages: object[] = [];
  for (let ticket = 1; ticket <= turn; ticket++) {
    messages.push({ role: 'user', content: [{ type: 'text', text: `ticket ${ticket}` }] });
    if (ticket < turn) messages.push({ role: 'assistant', content: [{ type: 'text', text: said(ticket) }] });
  }
  const system = [{ type: 'text', text: 'Route the ticket.' }];
  const body = JSON.stringify({ model: 'fake', max_tokens: 4096, stream: true, system, messages });
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const call = request(`${url}/v1/messages`, { method: 'POST', agent, headers });
  call.end(body);
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  const reply = (await text(response)).matchAll(/"text_delta","text":("(?:[^"\\]|\\.)*")/g);
  const whole = [...reply].map((match) => JSON.parse(match[1] ?? '""') as string).join('');
  if (whole !== said(turn)) throw new Error(`Turn ${turn} got the reply of another: ${whole}`);
}

const said = (ticket: number): string => `{"team": "${verdict(ticket).said}", "priority": "P2"}`;

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
const askFrom = (from: number): Promise<unknown> =>
  sideBySide(width, width, async () => {
    for (let turn = from; turn < from + slice; turn++) await ask(turn);
  });
const begin = { first: 1, last: turns - stretch + 1 };

async function bothEnds(): Promise<{ first: number; last: number }> {
  const plan = { slices: stretch / slice, calls: slice * width, cpu: cpuMs };
  const from = { ...begin };
  const costs = await takeSlices(['first', 'last'], plan, async (way) => {
    await askFrom(from[way]);
    from[way] += slice;
  });
  return {
    first: middleMean(costs.map((cost) => cost.first)),
    last: middleMean(costs.map((cost) => cost.last)),
  };
}

// Once until the code is compiled.
await bothEnds();
console.log(JSON.stringify(await bothEnds()));
agent.destroy();
