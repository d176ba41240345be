import type { FromWorker, ToWorker } from '../worker/protocol.ts';
import workerUrl from '../worker/worker.ts?worker&url';

/** The page's end of the worker that keeps and sends everything. */
export interface Uplink {
  post(message: ToWorker, transfer?: Transferable[]): void;
}

interface ScriptPolicy {
  createScriptURL(url: string): string;
}
declare global {
  // Trusted Types, which TypeScript does not know yet; missing in Firefox before 148 and Safari before 26.
  var trustedTypes: { createPolicy(name: string, rules: ScriptPolicy): ScriptPolicy } | undefined;
}

/** Our own files only: the page's Content-Security-Policy lets no other policy be made. */
const ownScripts: ScriptPolicy = {
  createScriptURL(url) {
    if (new URL(url, location.href).origin !== location.origin) throw new TypeError('Not a script of this page');
    return url;
  },
};
const policy = globalThis.trustedTypes?.createPolicy('invigil', ownScripts) ?? ownScripts;

/** Milliseconds until a worker whose script did not come is tried again. */
const RETRY_MS = 5_000;

interface Options {
  onMessage(message: FromWorker): void;
  /** Its script cannot be loaded, as after an update of the server; or it was, after all. What was posted waits until then. */
  onMissing(isMissing: boolean): void;
}

export function startUplink({ onMessage, onMissing }: Options): Uplink {
  const waiting: [ToWorker, Transferable[]][] = [];
  let isReady = false;
  let worker = load();

  function load(): Worker {
    const loading = new Worker(policy.createScriptURL(workerUrl), { type: 'module', name: 'invigil-uplink' });
    loading.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => (data.type === 'ready' ? begin() : onMessage(data)));
    loading.addEventListener('error', () => {
      // Afterwards it is an error of one message, and the worker goes on.
      if (isReady) return;
      loading.terminate();
      onMissing(true);
      setTimeout(() => {
        worker = load();
      }, RETRY_MS);
    });
    return loading;
  }

  function begin(): void {
    isReady = true;
    for (const [message, transfer] of waiting.splice(0)) worker.postMessage(message, transfer);
    onMissing(false);
  }

  return {
    post(message, transfer = []) {
      if (isReady) worker.postMessage(message, transfer);
      else waiting.push([message, transfer]);
    },
  };
}
