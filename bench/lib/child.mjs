import { spawn } from 'node:child_process';
import { once } from 'node:events';

const PATIENCE_MS = 20_000;
const KEPT_OUTPUT = 8_192;

const running = new Set();
// Also if the benchmark ends early; otherwise the server would run forever.
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** Starts a Node process with an IPC channel; its exit can be awaited and its last output is kept. */
export function startNode(program, { args = [], env = {} } = {}) {
  const child = spawn(process.execPath, [program, ...args], {
    // Everything measured runs as in production: graphql-js and the peers skip their development checks.
    env: { PATH: process.env.PATH, NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  let output = '';
  const keep = (chunk) => {
    output = (output + chunk).slice(-KEPT_OUTPUT);
  };
  child.stdout?.setEncoding('utf8').on('data', keep);
  child.stderr?.setEncoding('utf8').on('data', keep);
  const exited = once(child, 'exit').then(([code, signal]) => signal ?? code);
  return {
    child,
    pid: child.pid,
    exited,
    output: () => output,

    /** The first result of `find` for an event of this process or its channel; an error if the process ends before. */
    async first(source, event, find) {
      const gone = exited.then((end) => {
        throw new Error(`${program} ended with ${end}:\n${output}`);
      });
      const found = new Promise((resolve) => {
        source.on(event, (value) => {
          const answer = find(value, output);
          if (answer !== undefined) resolve(answer);
        });
      });
      return Promise.race([found, gone]);
    },

    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const impatience = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
      await exited;
      clearTimeout(impatience);
    },
  };
}
