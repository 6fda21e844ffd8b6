import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import test from 'ava';

test('after closing nothing keeps the process alive', async (t) => {
  const script = fileURLToPath(new URL('exits.js', import.meta.url));
  const output = await new Promise<string>((resolve, reject) => {
    execFile(process.execPath, [script], { timeout: 60_000 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${error.message} ${stderr}`));
      else resolve(stdout);
    });
  });
  t.is(output, 'closed');
});
