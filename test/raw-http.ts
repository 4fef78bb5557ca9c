import { connect } from 'node:net';

/** What came back over a socket. `status` is null when the server said nothing that is HTTP. */
export type RawAnswer = {
  readonly status: number | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly text: string;
};

const patienceMs = 3000;

/** Sends bytes as they are, and reads until the server closes or has sent a whole answer. */
export function sendRaw(url: string, bytes: Uint8Array): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    const finish = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(parse(text));
    };
    const timer = setTimeout(finish, patienceMs);
    socket.setEncoding('utf8');
    socket.on('data', (piece) => {
      text += piece;
      if (isWhole(text)) finish();
    });
    socket.on('close', finish);
    socket.on('error', finish);
  });
}

function isWhole(text: string): boolean {
  const { status, headers, body } = parse(text);
  if (status === null) return false;
  if (headers['transfer-encoding'] === 'chunked') return body.endsWith('0\r\n\r\n');
  const length = headers['content-length'];
  return length !== undefined && Buffer.byteLength(body) >= Number(length);
}

function parse(text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n');
  const [first = '', ...lines] = (end === -1 ? text : text.slice(0, end)).split('\r\n');
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1];
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return {
    status: status === undefined ? null : Number(status),
    headers: Object.fromEntries(headers) as Record<string, string>,
    body: end === -1 ? '' : text.slice(end + 4),
    text,
  };
}
