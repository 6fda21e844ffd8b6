/** What a client tells of its calls, for whoever counts them. */

import type { status } from '@grpc/grpc-js';

export type CallType = 'unary' | 'bidi_stream';

/** Called once for each attempt of each call; must not throw. */
export interface CallObserver {
  readonly onStarted?: (service: string, method: string, type: CallType) => void;
  /** `code` is gRPC's. */
  readonly onHandled?: (service: string, method: string, type: CallType, code: status) => void;
  readonly onSent?: (service: string, method: string, type: CallType) => void;
  readonly onReceived?: (service: string, method: string, type: CallType) => void;
}
