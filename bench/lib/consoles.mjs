import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startNode } from './child.mjs';

const PROGRAM = fileURLToPath(new URL('consoles-process.mjs', import.meta.url));
const PROBE_MS = 3_000;
const PROBES = 20;
const QUIET_MS = 200;

/** A process with any number of consoles. */
export function startConsoles() {
  const node = startNode(PROGRAM);
  const pending = new Map();
  let nextId = 0;
  node.child.on('message', (/** @type {any} */ { id, result, error }) => {
    const { resolve, reject } = pending.get(id);
    pending.delete(id);
    if (error) reject(new Error(error));
    else resolve(result);
  });
  void node.exited.then((end) => {
    for (const { reject } of pending.values()) reject(new Error(`the consoles ended with ${end}: ${node.output()}`));
  });
  const call = (name, args) =>
    new Promise((resolve, reject) => {
      pending.set(nextId, { resolve, reject });
      node.child.send({ id: nextId++, call: name, args });
    });

  return {
    /**
     * One console for each of `watched`, the variables of its subscription. GraphQL over WebSocket does not tell when a
     * subscription has begun, so `probe` publishes events until every console has seen one.
     * @param {{ target: any, watched: object[], track?: string[], probe: () => Promise<unknown> }} options
     */
    async open({ target, watched, track = [], probe }) {
      await call('open', { port: target.port, init: target.init, query: target.subscription, watched, track });
      let watching = 0;
      for (let i = 0; i < PROBES && watching < watched.length; i++) {
        await probe();
        watching = await call('everyone', { ms: PROBE_MS });
      }
      if (watching < watched.length) throw new Error(`${target.name}: ${watched.length - watching} consoles saw no event`);
      // Early consoles still receive events for which the last one did not have to wait.
      for (let before = -1, now = 0; before !== now;) {
        await delay(QUIET_MS);
        before = now;
        now = await call('total');
      }
      await call('reset');
    },
    /** Whether all consoles together have received this many events since the last reset. */
    untilTotal: (count, ms = 60_000) => call('untilTotal', { count, ms }),
    reset: () => call('reset'),
    latencies: () => call('latencies'),
    states: () => call('states'),
    stall: (index) => call('stall', { index }),
    close: () => call('close'),
    stop: () => node.stop(),
  };
}
