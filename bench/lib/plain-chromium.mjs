import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { WebSocket } from 'ws';
import { ARGS, CHROMIUM } from './chromium.mjs';

const ADDRESS = /DevTools listening on (\S+)/;

/**
 * A Chromium that nobody watches between two measurements. One that Playwright drives keeps the body of every request for it, and
 * so grows by all that a page sends.
 */
export async function openPlainChromium() {
  const profile = await mkdtemp(join(tmpdir(), 'invigil-bench-'));
  const args = [...ARGS, '--no-first-run', '--lang=en-GB', `--user-data-dir=${profile}`, '--remote-debugging-port=0', 'about:blank'];
  // A group of its own, to end all of its processes.
  const child = spawn(CHROMIUM, args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  const kill = () => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL');
  // Also if the benchmark ends early; otherwise it would run forever.
  process.once('exit', kill);
  const address = await addressOf(child);
  return {
    /** Playwright drives its page until `work` is done; it stays. @param {(page: import('playwright-core').Page) => Promise<void>} work */
    async drive(work) {
      const browser = await chromium.connectOverCDP(address);
      try {
        const page = browser.contexts()[0]?.pages()[0];
        if (!page) throw new Error('Chromium has no page');
        await work(page);
      } finally {
        // Only the connection.
        await browser.close();
      }
    },
    newBrowserCDPSession: () => connect(address),
    /** What `expression` gives in its page. */
    async evaluate(expression) {
      const all = await connect(address);
      const { targetInfos } = await all.send('Target.getTargets');
      const { targetId } = targetInfos.find(({ type }) => type === 'page');
      const { sessionId } = await all.send('Target.attachToTarget', { targetId, flatten: true });
      const { result } = await all.send('Runtime.evaluate', { expression, returnByValue: true }, sessionId);
      await all.detach();
      return result.value;
    },
    async close() {
      process.off('exit', kill);
      const exited = once(child, 'exit');
      kill();
      await exited;
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function addressOf(child) {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stderr.setEncoding('utf8').on('data', (more) => {
      text += more;
      const address = ADDRESS.exec(text)?.[1];
      if (address) resolve(address);
    });
    child.stderr.once('end', () => reject(new Error(`Chromium ended: ${text}`)));
  });
}

/** The protocol itself, with what a session of Playwright has that the measurements use. */
async function connect(address) {
  const socket = new WebSocket(address, { maxPayload: 1 << 30 });
  await once(socket, 'open');
  const asked = new Map();
  const awaited = new Map();
  socket.on('message', (data) => {
    const { id, method, params, result, error } = JSON.parse(String(data));
    if (id === undefined) {
      awaited.get(method)?.(params);
      awaited.delete(method);
    } else if (error) asked.get(id)?.reject(new Error(error.message));
    else asked.get(id)?.resolve(result);
    asked.delete(id);
  });
  let last = 0;
  return {
    send(method, params = {}, sessionId) {
      const id = ++last;
      socket.send(JSON.stringify({ id, method, params, sessionId }));
      return new Promise((resolve, reject) => asked.set(id, { resolve, reject }));
    },
    once: (method, listener) => awaited.set(method, listener),
    async detach() {
      socket.close();
      await once(socket, 'close');
    },
  };
}
