/** What this machine and this process use: cores since the question before, and bytes. */

import os from 'node:os';

export const NODE = os
  .hostname()
  .toLowerCase()
  .replaceAll(/[^a-z0-9.-]/g, '-');
export const POD = {
  namespace: 'default',
  name: `metrics-api-${process.pid}`,
  labels: { app: 'metrics-api' },
};

export const nodeCapacity = () => ({ cpu: os.cpus().length, memory: os.totalmem() });

export const nodeUsage = meter(busySeconds, () => os.totalmem() - os.freemem());

export const podUsage = meter(
  () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  },
  () => process.memoryUsage.rss(),
);

// Of all cores together, since the machine was started.
function busySeconds() {
  const busy = os.cpus().map(({ times }) => times.user + times.nice + times.sys + times.irq);
  return busy.reduce((sum, milliseconds) => sum + milliseconds, 0) / 1_000;
}

/** A core that was busy all the time since the last look is 1. */
function meter(seconds, memory) {
  let last = { at: Date.now(), seconds: seconds() };
  return () => {
    const now = { at: Date.now(), seconds: seconds() };
    const windowSeconds = Math.max(0.001, (now.at - last.at) / 1_000);
    const cpu = Math.max(0, (now.seconds - last.seconds) / windowSeconds);
    last = now;
    return { at: now.at, windowSeconds, cpu, memory: memory() };
  };
}
