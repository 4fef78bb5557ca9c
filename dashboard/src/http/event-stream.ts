import { answered } from './client.ts';

type Options = {
  readonly signal: AbortSignal;
  /** Is called when the stream has begun: what happens from here on is told. */
  readonly onOpen: () => void;
  /** Is told the data of each event, as JSON was read, and what the event is called. */
  readonly onEvent: (data: unknown, name: string) => void;
};

/** Reads a stream of server-sent events until it ends. @throws ApiError when it does not begin. */
export async function readEventStream(url: string, { signal, onOpen, onEvent }: Options): Promise<void> {
  const response = await answered(url, { signal, headers: { accept: 'text/event-stream' } });
  if (response.body === null) return;
  onOpen();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  while (!signal.aborted) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split(/\r?\n\r?\n/);
    rest = blocks.pop() ?? '';
    for (const block of blocks) tell(block, onEvent);
  }
}

function tell(block: string, onEvent: Options['onEvent']): void {
  let name = 'message';
  const data: string[] = [];
  for (const line of block.split(/\r?\n/)) {
    if (line.startsWith('event:')) name = line.slice(6).trim();
    else if (line.startsWith('data:')) data.push(line.slice(5).trimStart());
  }
  if (data.length > 0) onEvent(JSON.parse(data.join('\n')), name);
}
