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

export function startUplink(onMessage: (message: FromWorker) => void): Uplink {
  const worker = new Worker(policy.createScriptURL(workerUrl), { type: 'module', name: 'invigil-uplink' });
  worker.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => onMessage(data));
  return { post: (message, transfer = []) => worker.postMessage(message, transfer) };
}
