/**
 * `shardwatch store`: the flags of export, import and verify. What they do is loaded when one of
 * them is run.
 */

import { Command, Option } from 'commander';
import type { DefragmentFlags } from './defragment.js';
import type * as Store from './store.js';
import type { ExportFlags, ImportFlags, StoreRun, VerifyFlags } from './store.js';

/** What the exit codes say, apart from those of a signal. */
export const STORE_EXIT = { done: 0, failed: 1, findings: 2, interrupted: 130 } as const;

/** The command, to be added to the program. */
export function storeCommand(): Command {
  const command = new Command('store').description(
    'export, import and verify a store, and defragment etcd',
  );
  addExport(command);
  addImport(command);
  addVerify(command);
  addDefragment(command);
  return command;
}

function addExport(command: Command): void {
  withStore(command.command('export [file]'))
    .description(
      'write the objects of one revision as lines of JSON to a file or standard output; the ' +
        'store may be in use',
    )
    .option('--resource <resource>', 'only this type (widgets.example.com); repeatable', collect)
    .option('--namespace <namespace>', 'only objects in this namespace; repeatable', collect)
    .option('--gzip', 'compress; the default for a file whose name ends in .gz')
    .option('--force', 'replace a file that is there')
    .addHelpText('after', EXITS)
    .action((file: string | undefined, flags: ExportFlags) =>
      run((store, signal) => store.runExport(file, flags, signal)),
    );
}

function addImport(command: Command): void {
  withStore(command.command('import <file>'))
    .description(
      'read an export (-: standard input) into a store that no server has open: all of it, or ' +
        'nothing. A store without objects gets them with their revisions. Into etcd: one by one, ' +
        'with revisions of its own',
    )
    .option('--merge', 'into a store that holds objects; their revisions are assigned anew')
    .addOption(
      new Option('--existing <rule>', 'with --merge: what becomes of a key that is there').choices([
        'fail',
        'skip',
        'replace',
      ]),
    )
    .option('--dry-run', 'do all but change the store')
    .addHelpText('after', EXITS)
    .action((file: string, flags: ImportFlags) =>
      run((store, signal) => store.runImport(file, flags, signal)),
    );
}

function addVerify(command: Command): void {
  withStore(command.command('verify [file]'))
    .description(
      'read all of the store, which may be in use, or of an export (-: standard input), and tell ' +
        'what is wrong; nothing is written',
    )
    .option('--json', 'print the report as JSON')
    .addHelpText('after', `${EXITS}, ${STORE_EXIT.findings} something is wrong`)
    .action((file: string | undefined, flags: VerifyFlags) =>
      run((store, signal) => store.runVerify(file, flags, signal)),
    );
}

function addDefragment(command: Command): void {
  const defragment = command
    .command('defrag')
    .description(
      'give what is free in the databases of etcd back to their file systems: one member after ' +
        'the other, which answers nobody meanwhile, the leader last',
    )
    .requiredOption('--etcd-servers <urls>', 'all members, separated by commas', parseList);
  withEtcdAccess(defragment)
    .addHelpText('after', DEFRAGMENT_EXITS)
    .action((flags: DefragmentFlags) =>
      interruptible(async (signal) => {
        const { runDefragment } = await import('./defragment.js');
        return runDefragment(flags, signal);
      }),
    );
}

function withStore(command: Command): Command {
  const folder = new Option('--data-dir <folder>', 'the data folder of the server')
    .default('.shardwatch')
    .conflicts('etcdServers');
  command
    .addOption(folder)
    .option('--etcd-servers <urls>', 'etcd instead, separated by commas', parseList)
    .option('--etcd-prefix <prefix>', 'where the objects are in etcd; /registry if not told');
  return withEtcdAccess(command);
}

function withEtcdAccess(command: Command): Command {
  return command
    .option('--etcd-cafile <file>', "authorities of etcd's certificates (PEM)")
    .option('--etcd-certfile <file>', 'client certificate for etcd (PEM)')
    .option('--etcd-keyfile <file>', 'key of the client certificate for etcd (PEM)')
    .option('--etcd-user <name>', 'user of etcd')
    .option('--etcd-password-file <file>', "file that holds the password of etcd's user");
}

function run(action: (store: typeof Store, signal: AbortSignal) => StoreRun): Promise<void> {
  return interruptible(async (signal) => action(await import('./store.js'), signal));
}

async function interruptible(action: (signal: AbortSignal) => StoreRun): Promise<void> {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(STORE_EXIT.interrupted);
    controller.abort();
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  process.exitCode = await action(controller.signal);
  // What nobody reads of standard output would keep the process for ever.
  if (controller.signal.aborted) process.exit();
}

function parseList(text: string): string[] {
  return text.split(',').map((part) => part.trim());
}

function collect(value: string, values: readonly string[] = []): string[] {
  return [...values, value];
}

const DEFRAGMENT_EXITS = `
Exit code: ${STORE_EXIT.done} done, ${STORE_EXIT.failed} not for all members, those that are told \
apart, ${STORE_EXIT.interrupted} interrupted`;

const EXITS = `
Exit code: ${STORE_EXIT.done} done, ${STORE_EXIT.failed} it could not be done, \
${STORE_EXIT.interrupted} interrupted; nothing was changed then, unless the message tells of it`;
