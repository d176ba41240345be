import type { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { afterAll } from 'vitest';
import { noteProcess } from './leftovers.ts';

// Runs before each test file: whatever the file starts ends with it, even if a test failed before it could stop it.
const running = new Set<ChildProcess>();
subscribe('child_process', (message) => {
  const child = (message as { process: ChildProcess }).process;
  child.once('spawn', () => {
    if (child.pid === undefined) return;
    running.add(child);
    const forget = noteProcess(child.pid);
    child.once('exit', () => {
      running.delete(child);
      forget();
    });
  });
});

// The first hook that is registered is the last one to run.
afterAll(async () => {
  const exits = [...running].map((child) => once(child, 'exit'));
  for (const child of running) child.kill('SIGKILL');
  await Promise.all(exits);
});
