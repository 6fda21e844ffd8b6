/** Users and roles: as much as it takes to set up an etcd that asks for a password. */

import { create } from '@bufbuild/protobuf';

import {
  Auth,
  AuthEnableRequestSchema,
  AuthRoleAddRequestSchema,
  AuthRoleGrantPermissionRequestSchema,
  AuthUserAddRequestSchema,
  AuthUserGrantRoleRequestSchema,
} from '../rpc/auth_pb.js';
import type { Caller, CallOptions } from './caller.js';
import type { KeyRange } from './key-range.js';
import { writeMethod } from './method.js';

export class AuthClient {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  async addUser(name: string, password: string, options?: CallOptions): Promise<void> {
    const request = create(AuthUserAddRequestSchema, { name, password });
    await this.#caller.unary(USER_ADD, request, options);
  }

  async addRole(name: string, options?: CallOptions): Promise<void> {
    await this.#caller.unary(ROLE_ADD, create(AuthRoleAddRequestSchema, { name }), options);
  }

  /** Lets a role read and write a range of keys. */
  async grantRange(role: string, range: KeyRange, options?: CallOptions): Promise<void> {
    const perm = { permType: READ_WRITE, key: range.key, rangeEnd: range.rangeEnd };
    const request = create(AuthRoleGrantPermissionRequestSchema, { name: role, perm });
    await this.#caller.unary(ROLE_GRANT, request, options);
  }

  async grantRole(user: string, role: string, options?: CallOptions): Promise<void> {
    const request = create(AuthUserGrantRoleRequestSchema, { user, role });
    await this.#caller.unary(USER_GRANT, request, options);
  }

  /** From now on etcd asks for users; one with the role `root` has to be there. */
  async enable(options?: CallOptions): Promise<void> {
    await this.#caller.unary(ENABLE, create(AuthEnableRequestSchema), options);
  }
}

const READ_WRITE = 2;

const USER_ADD = writeMethod(Auth.method.userAdd);
const USER_GRANT = writeMethod(Auth.method.userGrantRole);
const ROLE_ADD = writeMethod(Auth.method.roleAdd);
const ROLE_GRANT = writeMethod(Auth.method.roleGrantPermission);
const ENABLE = writeMethod(Auth.method.authEnable);
