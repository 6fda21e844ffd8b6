#!/usr/bin/env node
/** The `shardwatch` command. */

import { Command, InvalidArgumentError, Option } from 'commander';
import { doctor, DOCTOR_EXIT } from './doctor.js';
import type { ServeOptions } from './serve.js';
import { storeCommand } from './store-command.js';
import type { TypesOptions } from './types.js';
import { packageVersion } from './version.js';
import { DurationError, parseGoDuration } from '../request/index.js';

const program = new Command('shardwatch')
  .description('Kubernetes API machinery for Node.js')
  .version(packageVersion);

program
  .command('serve')
  .description('serve resource types from CustomResourceDefinition files to kubectl and its kin')
  .option('--bind-address <address>', 'address to listen on', '0.0.0.0')
  .addOption(
    new Option('--secure-port <port>', 'port for HTTPS; 0: any free one')
      .argParser(parsePort)
      .default(6443),
  )
  .addOption(
    new Option(
      '--insecure-port <port>',
      'also serve plain HTTP on this port; 0: any free one. Clients need a token there',
    ).argParser(parsePort),
  )
  .addOption(
    new Option(
      '--store <store>',
      'where objects are kept: a folder, memory until the end, or etcd ' +
        '(default: "lmdb", with --etcd-servers "etcd")',
    ).choices(['lmdb', 'memory', 'etcd']),
  )
  .option('--data-dir <folder>', 'folder of the store and of generated certificates', '.shardwatch')
  .addOption(
    new Option(
      '--etcd-servers <urls>',
      'members of an etcd that keeps the objects, comma-separated: https://10.0.0.1:2379,…',
    ).argParser(parseList),
  )
  .option('--etcd-prefix <prefix>', 'where the objects are in etcd', '/registry')
  .option('--etcd-cafile <file>', "authorities (PEM) of etcd's certificates")
  .option('--etcd-certfile <file>', 'client certificate (PEM) for etcd')
  .option('--etcd-keyfile <file>', 'key of the client certificate for etcd (PEM)')
  .option('--etcd-user <name>', 'user of etcd')
  .option('--etcd-password-file <file>', "file with that user's password")
  .addOption(
    new Option('--etcd-grpc-proxy-connections <count>', 'most connections to etcd for requests')
      .argParser(parseCount)
      .default(10),
  )
  .addOption(
    new Option(
      '--etcd-compaction-interval <duration>',
      'how old history of the store gets before it is dropped, whichever store; 0s: never',
    )
      .argParser(parseInterval)
      .default(300_000, '5m'),
  )
  .option(
    '--encryption-provider-config <file>',
    'EncryptionConfiguration file: how objects are encrypted in the store, whichever it is',
  )
  .option(
    '--encryption-provider-config-automatic-reload',
    'look at that file every minute, and use it when it has changed',
  )
  .option(
    '--crd <path>',
    'CustomResourceDefinition file (YAML or JSON), or a folder of them; repeatable',
    collect,
    [],
  )
  .option(
    '--load <path>',
    'file of objects, or a folder of them, to create where they are missing; repeatable',
    collect,
    [],
  )
  .option('--write-kubeconfig <file>', 'write a kubeconfig with a client certificate here')
  .option('--token-auth-file <file>', 'CSV of static tokens: token,user name,uid,"group1,group2"')
  .option('--tls-cert-file <file>', 'serving certificate (PEM) instead of a generated one')
  .option('--tls-private-key-file <file>', 'key of the serving certificate (PEM)')
  .option(
    '--client-ca-file <file>',
    'authorities (PEM) of client certificates, besides the generated one',
  )
  .addOption(
    new Option('--engine <engine>', 'the watch cache: native, javascript, or native if it loads')
      .choices(['native', 'javascript', 'auto'])
      .default('auto'),
  )
  .addOption(
    new Option(
      '--threads <count>',
      'threads that serve, 1 to 64; more than one need the native engine',
    )
      .argParser(parseThreads)
      .default(1),
  )
  .addOption(
    new Option('--event-window <duration>', 'how long events are kept for watches that resume')
      .argParser(parseDuration)
      .default(75_000, '75s'),
  )
  .addOption(
    new Option(
      '--freshness-fallback <who>',
      'who answers lists for which the watch cache is not fresh in time: the storage, or nobody (429)',
    )
      .choices(['storage', 'refuse'])
      .default('storage'),
  )
  .addOption(
    new Option(
      '--consistency-check-interval <duration>',
      'how often watch caches are compared with the store; 0s: never',
    )
      .argParser(parseInterval)
      .default(300_000, '5m'),
  )
  .addOption(
    new Option(
      '--max-requests-inflight <count>',
      'most GET and LIST at once, over all threads; 0: any number',
    )
      .argParser(parseLimit)
      .default(400),
  )
  .addOption(
    new Option(
      '--max-mutating-requests-inflight <count>',
      'most other requests at once, over all threads, but watches; 0: any number',
    )
      .argParser(parseLimit)
      .default(200),
  )
  .addOption(
    new Option('--request-timeout <duration>', 'how long a request other than a watch may take')
      .argParser(parseDuration)
      .default(60_000, '60s'),
  )
  .addOption(
    new Option(
      '--min-request-timeout <duration>',
      'watches that name no end get a random one between this and twice this',
    )
      .argParser(parseDuration)
      .default(1_800_000, '30m'),
  )
  .addOption(
    new Option(
      '--shutdown-grace-period <duration>',
      'how long requests in flight may take to finish when the server is stopped',
    )
      .argParser(parseDuration)
      .default(60_000, '60s'),
  )
  .addOption(
    new Option(
      '--shutdown-delay-duration <duration>',
      'how long all goes on but readiness when the server is stopped',
    )
      .argParser(parseDuration)
      .default(0, '0s'),
  )
  .addOption(
    new Option(
      '--shutdown-watch-termination-grace-period <duration>',
      'over how long the ends of watches are spread when the server is stopped',
    )
      .argParser(parseDuration)
      .default(0, '0s'),
  )
  .addOption(
    new Option('--v <level>', 'how much is logged: 0 warnings, 1 what happens, 2 every request')
      .argParser(parseLevel)
      .default(0),
  )
  .action(async (options: ServeOptions) => {
    // What serving needs may not load on a system that the doctor is to look at.
    const { serve } = await import('./serve.js');
    process.exitCode = await serve(options);
  });

program
  .command('types')
  .description('write TypeScript declarations of what CustomResourceDefinition files define')
  .argument('<path...>', 'CustomResourceDefinition file (YAML or JSON), or a folder of them')
  .option('--out <file>', 'where they go. Default: standard output')
  .action(async (paths: string[], options: TypesOptions) => {
    const { types } = await import('./types.js');
    process.exitCode = await types(paths, options);
  });

program
  .command('doctor')
  .description('tell which engine serves here and why, versions, limits, and what to do')
  .option('--json', 'print it as JSON')
  .addHelpText(
    'after',
    `\nExit code: ${DOCTOR_EXIT.native} the native engine serves, ${DOCTOR_EXIT.javascript} the ` +
      `JavaScript one does, ${DOCTOR_EXIT.none} the engine that is named can't be had`,
  )
  .action((options: { json?: boolean }) => {
    process.exitCode = doctor(options);
  });

program.addCommand(storeCommand());

program.parseAsync().catch(fail);

// Whatever comes here was meant for nobody: it is told whole.
function fail(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : error}\n`);
  process.exitCode = 1;
}

function collect(value: string, values: readonly string[]): string[] {
  return [...values, value];
}

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError('It must be a number from 0 to 65535.');
}

function parseCount(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a number from 1 to 9999.');
}

function parseLimit(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a number from 0 on.');
}

function parseThreads(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && count <= 64) return count;
  throw new InvalidArgumentError('It must be a number from 1 to 64.');
}

function parseList(text: string): string[] {
  return text.split(',').map((part) => part.trim());
}

function parseLevel(text: string): number {
  if (/^\d{1,2}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a number from 0 on.');
}

function parseDuration(text: string): number {
  const durationMs = durationOf(text);
  if (durationMs > 0) return durationMs;
  throw new InvalidArgumentError('It must be a duration above 0, such as 90s or 5m.');
}

function parseInterval(text: string): number {
  const durationMs = durationOf(text);
  if (durationMs >= 0) return durationMs;
  throw new InvalidArgumentError('It must be a duration such as 90s or 5m, or 0s.');
}

// Less than 0 where it is none.
function durationOf(text: string): number {
  try {
    return parseGoDuration(text);
  } catch (error) {
    if (error instanceof DurationError) return -1;
    throw error;
  }
}
