/**
 * The yardstick for long conversations: the least that a turn of them can cost. It builds the request of each turn from
 * the first named to the last, with all that was said before, sends it to the model and reads the answer, and prints the
 * CPU of one such turn. Arguments: the model's URL, the first turn, the last, and how many conversations at a time.
 */
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { verdict } from './fake-model.ts';
import { sideBySide } from './measure.ts';

const [url = '', from = '1', to = '1', width = '1'] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true });
const turns = Array.from({ length: Number(to) - Number(from) + 1 }, (_, index) => Number(from) + index);

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

const conversations = Number(width);
const askAll = (): Promise<unknown> =>
  sideBySide(conversations, conversations, async () => {
    for (const turn of turns) await ask(turn);
  });
await askAll();
const before = process.cpuUsage();
await askAll();
const { user, system } = process.cpuUsage(before);
console.log(JSON.stringify({ cpu_ms: (user + system) / 1000 / (turns.length * conversations) }));
agent.destroy();
