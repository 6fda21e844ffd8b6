/**
 * The open connections of one listener, and how they end; those of a server that is not ours.
 *
 * 1. A connection is *busy* while a request of it is unanswered; when the listener closes, the ones
 *    that are not busy go at once, the busy ones with their last answer, and all after the grace
 *    period.
 * 2. A TLS connection is known by its TCP socket until the handshake is done, and by the TLS socket
 *    afterwards; addresses and ports tie the two together.
 */

import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { DetailedPeerCertificate } from 'node:tls';

import type { PeerCertificate } from '../../request/index.js';

/** What all requests of a connection share; made when the first one needs it. */
export class Connection {
  readonly socket: Socket;
  readonly remoteAddress: string;
  /** Whether it is a TLS connection. */
  readonly secure: boolean;
  /** Requests that are not answered yet. */
  requestCount = 0;
  /** Where several requests share the connection: says goodbye and ends it after the last one. */
  closeGently: (() => void) | undefined;
  #peerCertificate: PeerCertificate | undefined;
  #peerCertificateRead = false;

  constructor(socket: Socket) {
    this.socket = socket;
    this.remoteAddress = socket.remoteAddress ?? '';
    // HTTP/2 sessions give a stand-in for their socket, of the socket's class.
    this.secure = socket instanceof TLSSocket;
  }

  /** The certificate the client showed; read once, as Node decodes the whole chain for it. */
  get peerCertificate(): PeerCertificate | undefined {
    if (!this.#peerCertificateRead) {
      this.#peerCertificateRead = true;
      if (this.secure) this.#peerCertificate = readPeer(this.socket as TLSSocket);
    }
    return this.#peerCertificate;
  }
}

/** What requests need of the connections that they come by. */
export interface RequestConnections {
  /** Whether a connection ends with its last answer. */
  readonly closing: boolean;
  /** Whether the server is the listener's own: nobody else has his hands in responses then. */
  readonly isOwn: boolean;
  of(socket: Socket): Connection;
  find(socket: Socket): Connection | undefined;
  begin(connection: Connection): void;
  end(connection: Connection): void;
  /** Ends what is idle now; what is busy ends with its last answer. */
  close(): void;
  /** Cuts everything. */
  destroy(): void;
}

/** The connections of a listener of one's own. */
export class Connections implements RequestConnections {
  readonly isOwn = true;
  readonly #open = new Map<Socket, Connection>();
  readonly #byEndpoint = new Map<string, Connection>();
  /** TCP sockets whose TLS handshake is not done, by the client's address and port. */
  readonly #shaking = new Map<string, Socket>();
  #closing = false;

  get closing(): boolean {
    return this.#closing;
  }

  /** A TCP connection that will do a TLS handshake. */
  shake(socket: Socket): void {
    const key = endpoint(socket);
    this.#shaking.set(key, socket);
    socket.once('close', () => {
      if (this.#shaking.get(key) === socket) this.#shaking.delete(key);
    });
    if (this.#closing) socket.destroy();
  }

  /** A connection that may send requests. */
  open(socket: Socket): Connection {
    const key = endpoint(socket);
    this.#shaking.delete(key);
    const connection = new Connection(socket);
    this.#open.set(socket, connection);
    this.#byEndpoint.set(key, connection);
    socket.once('close', () => {
      this.#open.delete(socket);
      if (this.#byEndpoint.get(key) === connection) this.#byEndpoint.delete(key);
    });
    if (this.#closing) socket.destroy();
    return connection;
  }

  of(socket: Socket): Connection {
    return this.#open.get(socket) ?? this.open(socket);
  }

  find(socket: Socket): Connection | undefined {
    return this.#open.get(socket);
  }

  /** The open connection to a client's address and port: HTTP/2 sessions hide their socket. */
  at(client: Pick<Socket, 'remoteAddress' | 'remotePort'>): Connection | undefined {
    return this.#byEndpoint.get(endpoint(client));
  }

  begin(connection: Connection): void {
    connection.requestCount++;
  }

  end(connection: Connection): void {
    connection.requestCount--;
    const last = this.#closing && connection.requestCount === 0;
    if (last && connection.closeGently === undefined) connection.socket.destroySoon();
  }

  close(): void {
    this.#closing = true;
    for (const socket of this.#shaking.values()) socket.destroy();
    for (const { socket, requestCount, closeGently } of this.#open.values()) {
      if (closeGently !== undefined) closeGently();
      else if (requestCount === 0) socket.destroySoon();
    }
  }

  destroy(): void {
    this.#closing = true;
    for (const socket of this.#shaking.values()) socket.destroy();
    for (const socket of this.#open.keys()) socket.destroy();
  }
}

/** The connections of somebody else's server: they are known, and left to it. */
export class ForeignConnections implements RequestConnections {
  readonly closing = false;
  readonly isOwn = false;
  readonly #known = new WeakMap<Socket, Connection>();

  of(socket: Socket): Connection {
    const known = this.#known.get(socket);
    if (known !== undefined) return known;
    const connection = new Connection(socket);
    this.#known.set(socket, connection);
    return connection;
  }

  find(socket: Socket): Connection | undefined {
    return this.#known.get(socket);
  }

  begin(connection: Connection): void {
    connection.requestCount++;
  }

  end(connection: Connection): void {
    connection.requestCount--;
  }

  close(): void {}

  destroy(): void {}
}

function endpoint(socket: Pick<Socket, 'remoteAddress' | 'remotePort'>): string {
  return `${socket.remoteAddress}|${socket.remotePort}`;
}

// A root names itself as its issuer; and no honest chain is longer than this.
const CHAIN_LENGTH_MAX = 16;

// Not `getPeerX509Certificate`: Node never frees its copy of the chain behind it. From Node 24 on
// it does the same here.
function readPeer(socket: TLSSocket): PeerCertificate | undefined {
  // No certificate is an empty object, and a socket that is gone has null.
  const leaf = socket.getPeerCertificate(true) as Partial<DetailedPeerCertificate> | null;
  if (leaf?.raw === undefined) return undefined;
  const chain: Uint8Array[] = [];
  let subject = leaf;
  while (chain.length < CHAIN_LENGTH_MAX) {
    const issuer = subject.issuerCertificate;
    if (issuer === undefined || issuer.fingerprint256 === subject.fingerprint256) break;
    chain.push(new Uint8Array(issuer.raw));
    subject = issuer;
  }
  return { raw: new Uint8Array(leaf.raw), chain };
}
