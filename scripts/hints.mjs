/**
 * What to try with the server that `npm start` runs: lines to copy, for kubectl and for curl.
 */

/**
 * The value that the last of these flags has among the arguments, `--flag value` or `--flag=value`.
 */
export function flagValue(args, flag) {
  let value;
  for (const [index, argument] of args.entries()) {
    if (argument === flag) value = args[index + 1];
    else if (argument.startsWith(`${flag}=`)) value = argument.slice(flag.length + 1);
  }
  return value;
}

/** The address in the line by which a server says that it is ready, or undefined. */
export function readyUrl(line) {
  return / is ready on (https?:\/\/[^\s,]+)/.exec(line)?.[1];
}

/** The lines to print once the server is ready at `url` with these arguments. */
export function hints(url, args) {
  const kubeconfig = flagValue(args, '--write-kubeconfig');
  const pki = `${flagValue(args, '--data-dir')}/pki`;
  const kubectl = `kubectl --kubeconfig ${quoted(kubeconfig)}`;
  const file = (name) => quoted(`${pki}/${name}`);
  return [
    '',
    'Try:',
    `  ${kubectl} get apps,databases -A`,
    `  ${kubectl} get apps -n atlas --watch`,
    `  ${kubectl} explain app`,
    '',
    'or, without kubectl:',
    `  curl --cacert ${file('ca.crt')} --cert ${file('client.crt')} --key ${file('client.key')} \\`,
    `    ${url}/apis/platform.example.com/v1/namespaces/atlas/apps`,
    '',
    'Ctrl-C stops it.',
  ];
}

function quoted(path) {
  return /^[\w./:@-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}
