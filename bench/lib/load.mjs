import { setTimeout as delay } from 'node:timers/promises';
import { openConnection } from './http-client.mjs';
import { percentile } from './stats.mjs';

/**
 * Sends as many requests as the server can answer; each connection sends its next one immediately.
 * @param next the bytes of the n-th request
 * @param measured called when the warm-up is over and again at the end
 */
export async function runLoad({ port, connections, warmUpMs, ms, next, measured = () => {} }) {
  const open = await Promise.all(Array.from({ length: connections }, () => openConnection(port)));
  const start = performance.now();
  const from = start + warmUpMs;
  const until = from + ms;
  const latencies = [];
  let sent = 0;

  async function work(connection) {
    for (let begun = performance.now(); begun < until;) {
      const { status, body } = await connection.request(next(sent++));
      if (status !== 200) throw new Error(`answered ${status}: ${body.toString()}`);
      const now = performance.now();
      if (now >= from && now < until) latencies.push(now - begun);
      begun = now;
    }
  }

  try {
    const marks = [warmUpMs, warmUpMs + ms].map(async (after) => {
      await delay(after);
      measured();
    });
    await Promise.all([...open.map(work), ...marks]);
  } finally {
    open.forEach((connection) => connection.close());
  }
  return { requests: latencies.length, perSecond: latencies.length / (ms / 1_000), p99: percentile(latencies, 0.99) };
}
