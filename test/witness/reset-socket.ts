/** Breaks a TCP connection as a network does. */

import type { Socket } from 'node:net';

/**
 * The peer sees ECONNRESET. A socket whose end is already on its way is only closed: Node counts it
 * as closing while libuv refuses to reset what is shutting down (`uv_tcp_close_reset`: EINVAL), and
 * its thread or process, which waits for that handle, would never end.
 */
export function resetSocket(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
