/**
 * A watch over a WebSocket (apiserver `endpoints/handlers`, `WatchServer.HandleWS`): each line of
 * the answer is a text message, what the client sends is passed over, and the end of the answer is
 * a close with 1000.
 *
 * 1. Only answers that are lines are sent so; any other is an ordinary one, errors too: a client
 *    learns from the status that there is no WebSocket.
 * 2. Over HTTP/2 the handshake is that of RFC 8441, and has no key.
 * 3. A client that does not close its side is cut off after CLOSE_PATIENCE_MS.
 */

import { createHash } from 'node:crypto';

import type { Answer, ConnectSource, Duplex, RequestRecord } from '../request/index.js';
import { isWebSocketRequest, textAnswer, webSocketProtocols } from '../request/index.js';
import type { TransportClock } from './contract.js';
import type { AnswerStream, Headers } from './stream.js';
import {
  CLOSE_STATUS,
  ClientFrames,
  closeFrame,
  pongFrame,
  textFrame,
} from './web-socket-frames.js';

/** Whether an answer is to be sent over a WebSocket. */
export function wantsWebSocket(request: RequestRecord, { status, source }: Answer): boolean {
  return (
    source.type === 'pull' &&
    source.isLines === true &&
    status === 200 &&
    request.method === 'GET' &&
    isWebSocketRequest(request)
  );
}

/** The answer to a handshake that can't be accepted; `undefined`: it can (RFC 6455 §4.2.1). */
export function webSocketRefusal(request: RequestRecord): Answer | undefined {
  const refuse = (status: number, text: string, headers: Headers = []): Answer => {
    const answer = textAnswer(status, text);
    return { ...answer, headers: [...answer.headers, ...headers] };
  };
  if (request.header('sec-websocket-version') !== VERSION) {
    return refuse(400, 'missing or bad WebSocket Version', [['Sec-WebSocket-Version', VERSION]]);
  }
  if (request.protocol === 'HTTP/1.1' && !request.header('sec-websocket-key')) {
    return refuse(400, 'mismatch challenge/response');
  }
  if (webSocketProtocols(request).length > 1) {
    return refuse(400, 'missing or bad WebSocket-Protocol');
  }
  const origin = request.header('origin');
  if (origin !== undefined && !URL.canParse(origin)) return refuse(403, 'invalid origin');
  return undefined;
}

export interface WebSocketOptions {
  readonly request: RequestRecord;
  /** What the exchange would be answered by otherwise: tells when the client has left. */
  readonly stream: Pick<AnswerStream, 'closed'>;
  readonly connect: (answer: Answer, source: ConnectSource) => void;
  readonly clock: TransportClock;
}

/** Sends lines as messages. */
export class WebSocketStream implements AnswerStream {
  headSent = false;
  readonly #options: WebSocketOptions;
  #duplex: Duplex | undefined;
  #isEnded = false;
  #patience: { cancel(): void } | undefined;

  constructor(options: WebSocketOptions) {
    this.#options = options;
  }

  get closed(): boolean {
    return this.#isEnded || this.#options.stream.closed;
  }

  whole(
    status: number,
    headers: Headers,
    bytes: Uint8Array | undefined,
    _length?: number,
    taken?: () => void,
  ): void {
    this.head(status, headers);
    this.end(bytes, taken);
  }

  head(_status: number, headers: Headers): void {
    const { request, connect } = this.#options;
    const kept = headers.filter(([name]) => !REPLACED.has(name.toLowerCase()));
    const answer = { status: 101, headers: [...kept, ...handshake(request)] };
    const source: ConnectSource = {
      type: 'connect',
      connect: (duplex) => {
        this.#duplex = duplex;
        void this.#listen(duplex);
      },
    };
    connect({ ...answer, source }, source);
    this.headSent = true;
  }

  write(bytes: Uint8Array, taken: () => void): false {
    this.#send(messages(bytes)).then(taken, taken);
    return false;
  }

  end(bytes?: Uint8Array, taken?: () => void): void {
    if (this.#isEnded) return;
    if (bytes !== undefined) {
      const sent = this.#send(messages(bytes));
      if (taken !== undefined) sent.then(taken, taken);
    }
    this.#finish(CLOSE_STATUS.normal);
  }

  reset(): void {
    this.#isEnded = true;
    this.#duplex?.reset();
  }

  /** The connection is closed. */
  dispose(): void {
    this.#isEnded = true;
    this.#patience?.cancel();
  }

  async #listen(duplex: Duplex): Promise<void> {
    const frames = new ClientFrames();
    try {
      for await (const bytes of duplex.readable) {
        for (const frame of frames.add(bytes)) {
          // Waited for: who pings and does not read is not read from.
          if (frame.type === 'ping') await this.#send(pongFrame(frame.payload));
          else if (frame.type === 'close') this.#finish(frame.status);
          else this.#finish(CLOSE_STATUS.protocolError);
        }
      }
    } catch {
      // Broken connections are told by their close.
    }
    this.#finish(CLOSE_STATUS.normal);
  }

  #finish(status: number): void {
    if (this.#isEnded) return;
    const sent = this.#send(closeFrame(status));
    this.#isEnded = true;
    const end = (): void => this.#duplex?.end();
    sent.then(end, end);
    this.#patience = this.#options.clock.setTimer(CLOSE_PATIENCE_MS, () => this.#duplex?.reset());
  }

  async #send(bytes: Uint8Array): Promise<void> {
    if (!this.#isEnded) await this.#duplex?.write(bytes);
  }
}

const VERSION = '13';
/** Appended to a client's key (RFC 6455 §1.3). */
const KEY_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const CLOSE_PATIENCE_MS = 5_000;
/** Headers of the answer that a handshake has no place for, or has its own of. */
const REPLACED: ReadonlySet<string> = new Set(['content-type', 'connection', 'upgrade']);

const NEWLINE = 0x0a;

function handshake(request: RequestRecord): Headers {
  const key = request.header('sec-websocket-key') ?? '';
  const [protocol] = webSocketProtocols(request);
  const accept = createHash('sha1')
    .update(key + KEY_SUFFIX)
    .digest('base64');
  return [
    ['Connection', 'Upgrade'],
    ['Upgrade', 'websocket'],
    ...(request.protocol === 'HTTP/1.1' ? [['Sec-WebSocket-Accept', accept] as const] : []),
    ...(protocol === undefined ? [] : [['Sec-WebSocket-Protocol', protocol] as const]),
  ];
}

// Each with its newline, as upstream's encoder leaves it.
function messages(lines: Uint8Array): Uint8Array {
  const frames: Uint8Array[] = [];
  for (let from = 0; from < lines.byteLength;) {
    const newline = lines.indexOf(NEWLINE, from);
    const to = newline === -1 ? lines.byteLength : newline + 1;
    frames.push(textFrame(lines.subarray(from, to)));
    from = to;
  }
  return frames.length === 1 ? frames[0]! : Buffer.concat(frames);
}
