import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];
const found = (process.env['PATH'] ?? '')
  .split(delimiter)
  .flatMap((folder) => NAMES.map((name) => join(folder, name)))
  .find((path) => existsSync(path));

/** Tests that need Chromium are skipped without it, but not in CI, which installs it. */
export const skipsChromium = found === undefined && !process.env['CI'];
if (skipsChromium) console.warn('Chromium is not installed: the tests with real recordings of a browser are skipped.');

const FLAGS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-dev-shm-usage', '--mute-audio'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-quic'],
  ...['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', '--autoplay-policy=no-user-gesture-required'],
  '--remote-debugging-pipe',
];

interface Answer {
  id?: number;
  error?: { message: string };
  result?: {
    targetId?: string;
    sessionId?: string;
    result?: { value?: unknown };
    exceptionDetails?: { exception?: { description?: string } };
  };
}

export interface Page {
  /** The value of an expression in a page with a secure context; awaited, and copied as JSON. */
  evaluate<T>(expression: string): Promise<T>;
  close(): Promise<void>;
}

/**
 * Starts a headless Chromium with a fake camera and microphone. It is controlled through a pipe (the DevTools protocol), so that it
 * also ends if this process is killed.
 */
export async function openChromium(): Promise<Page> {
  if (!found) throw new Error('Chromium is not installed, and CI needs it');
  const profile = await mkdtemp(join(tmpdir(), 'invigil-chromium-'));
  // Only pages from a loopback address or by HTTPS may use the camera.
  const origin = createServer((_req, res) => res.setHeader('content-type', 'text/html').end('<!doctype html>')).listen(0, '127.0.0.1');
  await once(origin, 'listening');
  const child = spawn(found, [...FLAGS, `--user-data-dir=${profile}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    // A group of its own, to end all of its processes.
    detached: true,
  });
  const exited = once(child, 'exit');
  const [, , , commands, answers] = child.stdio as [null, null, null, Writable, Readable];
  commands.on('error', () => {});

  const waiting = new Map<number, (answer: Answer) => void>();
  let rest = '';
  answers.setEncoding('utf8').on('data', (text: string) => {
    const messages = (rest + text).split('\0');
    rest = messages.pop() ?? '';
    for (const message of messages) {
      const answer = JSON.parse(message) as Answer;
      if (answer.id !== undefined) waiting.get(answer.id)?.(answer);
    }
  });
  let count = 0;
  async function ask(method: string, params: object = {}, sessionId?: string) {
    const id = (count += 1);
    const answered = new Promise<Answer>((resolve) => {
      waiting.set(id, resolve);
    });
    commands.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    const gone = exited.then((): Answer => ({ error: { message: 'Chromium has ended' } }));
    const { error, result } = await Promise.race([answered, gone]);
    waiting.delete(id);
    if (error) throw new Error(`${method}: ${error.message}`);
    return result ?? {};
  }

  async function close(): Promise<void> {
    commands.end();
    try {
      if (child.pid) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
    if (child.exitCode === null && child.signalCode === null) await exited;
    origin.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }

  try {
    const { targetId } = await ask('Target.createTarget', { url: `http://127.0.0.1:${(origin.address() as AddressInfo).port}/` });
    const { sessionId } = await ask('Target.attachToTarget', { targetId, flatten: true });
    const evaluate = async <T>(expression: string): Promise<T> => {
      const { result, exceptionDetails } = await ask(
        'Runtime.evaluate',
        { expression, awaitPromise: true, returnByValue: true },
        sessionId,
      );
      if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? 'the page failed');
      return result?.value as T;
    };
    // Until the page is there its context is that of about:blank.
    await evaluate(`new Promise((done) => (document.readyState === 'complete' ? done() : addEventListener('load', done)))`);
    return { evaluate, close };
  } catch (error) {
    await close();
    throw error;
  }
}
