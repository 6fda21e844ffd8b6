/** Gives a connect handler the part of a Node stream that it may use. */

import type { Duplex as NodeDuplex } from 'node:stream';

import type { Duplex } from '../../request/index.js';

/** Writes reject with the stream's error once the other side has gone. */
export function duplexOf(stream: NodeDuplex): Duplex {
  return {
    readable: stream as AsyncIterable<Uint8Array>,
    write: (bytes) =>
      new Promise((resolve, reject) => {
        stream.write(bytes, (error) => {
          if (error) reject(error);
          else resolve();
        });
      }),
    end: () => {
      stream.end();
    },
    reset: () => {
      stream.destroy();
    },
  };
}
