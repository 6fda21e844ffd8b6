/** The environment is one for the whole process, so these tests run one after the other. */

import test from 'ava';

import {
  createEngineCache,
  ENGINE_VARIABLE,
  EngineError,
  engineReport,
} from '../../lib/engine/index.js';
import { cacheOptions, HISTORY_LIMITS } from './engines.js';

test.beforeEach(() => {
  delete process.env[ENGINE_VARIABLE];
});

test.serial('auto is the JavaScript engine while there is no native one, and says so', (t) => {
  t.deepEqual(engineReport(), {
    kind: 'javascript',
    reason: 'this build has no native engine yet',
  });
  t.is(createEngineCache('auto', cacheOptions()).kind, 'javascript');
});

test.serial('the native engine is refused with the reason', (t) => {
  for (const call of [
    () => engineReport('native'),
    () => createEngineCache('native', cacheOptions()),
  ]) {
    const error = t.throws(call, { instanceOf: EngineError });
    t.is(error?.code, 'engine-unavailable');
    t.regex(error?.message ?? '', /this build has no native engine yet/);
  }
});

test.serial('the environment variable decides what auto means, and nothing else', (t) => {
  process.env[ENGINE_VARIABLE] = 'native';
  t.throws(() => engineReport(), { code: 'engine-unavailable', message: /SHARDWATCH_ENGINE/ });
  t.is(createEngineCache('javascript', cacheOptions()).kind, 'javascript');
  process.env[ENGINE_VARIABLE] = 'javascript';
  t.deepEqual(engineReport('auto'), {
    kind: 'javascript',
    reason: 'SHARDWATCH_ENGINE names it',
  });
  for (const value of ['', 'auto']) {
    process.env[ENGINE_VARIABLE] = value;
    t.is(engineReport().kind, 'javascript');
  }
});

test.serial('a name that is no engine is a clear error', (t) => {
  process.env[ENGINE_VARIABLE] = 'rust';
  const message =
    'there is no engine "rust": native, javascript or auto (SHARDWATCH_ENGINE names it)';
  t.throws(() => engineReport(), { instanceOf: EngineError, message });
  const named = 'turbo' as 'native';
  t.throws(() => engineReport(named), { code: 'engine-unavailable', message: /"turbo"/ });
});

const BAD_OPTIONS = [
  { options: { shardCount: 0 }, message: /shardCount/ },
  { options: { shardCount: 1.5 }, message: /shardCount/ },
  { options: { history: { windowMs: -1 } }, message: /windowMs/ },
  { options: { history: { windowMs: NaN } }, message: /windowMs/ },
  { options: { history: { entriesMin: -1 } }, message: /entriesMin/ },
  { options: { history: { entriesMax: HISTORY_LIMITS.entriesMin - 1 } }, message: /entriesMax/ },
  { options: { history: { bytesMax: -1 } }, message: /bytesMax/ },
];

for (const { options, message } of BAD_OPTIONS) {
  test.serial(`options out of range are refused: ${JSON.stringify(options)}`, (t) => {
    t.throws(() => createEngineCache('auto', cacheOptions(options)), {
      instanceOf: RangeError,
      message,
    });
  });
}
