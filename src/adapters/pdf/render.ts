import { once } from 'node:events';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Gate } from '../../async/gate.ts';
import type { PdfScript } from './script.ts';

const SCRIPT = new URL(`./worker${extname(import.meta.url)}`, import.meta.url);
/** Each has its own fonts in memory, some 100 MB. */
const AT_ONCE = 1;
const LONGEST_MS = 120_000;
const gate = new Gate(AT_ONCE);

/**
 * Draws a document in a thread of its own, which ends with it: to shape text takes seconds, in which nobody else would be served.
 * @throws Error if that fails or takes too long
 */
export const renderPdf = (script: PdfScript): Promise<Uint8Array> =>
  gate.run(async () => {
    const worker = new Worker(SCRIPT, { workerData: script });
    try {
      const [bytes] = (await once(worker, 'message', { signal: AbortSignal.timeout(LONGEST_MS) })) as [Uint8Array];
      return bytes;
    } finally {
      await worker.terminate();
    }
  });
