/** The calls of etcd's API as gRPC needs them: a path, and bytes of messages. */

import {
  fromBinary,
  toBinary,
  type DescMessage,
  type DescMethod,
  type MessageShape,
} from '@bufbuild/protobuf';

export interface RpcMethod<Request, Response> {
  /** `etcdserverpb.KV` */
  readonly service: string;
  /** `Range` */
  readonly name: string;
  readonly path: string;
  /** Whether it changes what etcd keeps: such a call is never blindly repeated. */
  readonly isWrite: boolean;
  readonly serialize: (request: Request) => Buffer;
  readonly deserialize: (bytes: Buffer) => Response;
}

export type RequestOf<Desc extends DescMethod> = MessageShape<Desc['input']>;
export type ResponseOf<Desc extends DescMethod> = MessageShape<Desc['output']>;

/** Reads an answer in place of `@bufbuild/protobuf`. */
export type ReadAnswer<Output extends DescMessage> = (bytes: Uint8Array) => MessageShape<Output>;

export function readMethod<Input extends DescMessage, Output extends DescMessage>(
  description: DescMethod & { input: Input; output: Output },
  read?: ReadAnswer<Output>,
): RpcMethod<MessageShape<Input>, MessageShape<Output>> {
  return method(description, false, read);
}

export function writeMethod<Input extends DescMessage, Output extends DescMessage>(
  description: DescMethod & { input: Input; output: Output },
  read?: ReadAnswer<Output>,
): RpcMethod<MessageShape<Input>, MessageShape<Output>> {
  return method(description, true, read);
}

function method<Input extends DescMessage, Output extends DescMessage>(
  description: DescMethod & { input: Input; output: Output },
  isWrite: boolean,
  read: ReadAnswer<Output> = (bytes) => fromBinary(description.output, bytes),
): RpcMethod<MessageShape<Input>, MessageShape<Output>> {
  const { name, input } = description;
  const service = description.parent.typeName;
  return {
    service,
    name,
    path: `/${service}/${name}`,
    isWrite,
    serialize: (request) => asBuffer(toBinary(input, request)),
    deserialize: (bytes) => read(asArray(bytes)),
  };
}

// What a message holds of them are parts of the same class, and no Buffers to its users.
function asArray(bytes: Buffer): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
