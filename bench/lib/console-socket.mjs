import { randomBytes, randomUUID } from 'node:crypto';
import { connect } from 'node:net';

const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;
const FIN = 0x80;
/** Messages of the protocol itself are shorter than any event sent here. */
const SHORTEST_EVENT = 150;
/** Data is processed before the next read, so all sockets share one buffer. */
const readBuffer = Buffer.allocUnsafe(256 * 1024);

/** A client's frames must be masked; a key of zeros leaves the bytes unchanged. */
function frame(opcode, payload) {
  const body = Buffer.from(payload);
  const head =
    body.length < 126
      ? Buffer.from([FIN | opcode, 0x80 | body.length])
      : Buffer.from([FIN | opcode, 0x80 | 126, body.length >> 8, body.length & 255]);
  return Buffer.concat([head, Buffer.alloc(4), body]);
}

const message = (value) => frame(TEXT, JSON.stringify(value));

/**
 * A console over graphql-transport-ws that costs its process as little as possible: events are only parsed if `onEvent` does.
 * @param onEvent gets the buffer and the start and end of the message
 * @param onEnd gets the reason, once
 */
export function openConsole({ port, init, query, variables, onReady, onEvent, onEnd }) {
  /** @type {Buffer | null} */
  let rest = null;
  let upgraded = false;
  let ended = false;
  const end = (reason) => {
    if (ended) return;
    ended = true;
    socket.destroy();
    onEnd(reason);
  };

  function onMessage(buffer, start, stop) {
    if (stop - start >= SHORTEST_EVENT && buffer.latin1Slice(start, stop).includes('"type":"next"')) return onEvent(buffer, start, stop);
    const text = buffer.utf8Slice(start, stop);
    const { type } = JSON.parse(text);
    if (type === 'connection_ack') {
      socket.write(message({ id: randomUUID(), type: 'subscribe', payload: { query, variables } }));
      onReady();
    } else if (type === 'ping') socket.write(message({ type: 'pong' }));
    else if (type !== 'pong') end(text);
  }

  function onFrame(buffer, opcode, start, stop) {
    if (opcode === TEXT) onMessage(buffer, start, stop);
    else if (opcode === PING) socket.write(frame(PONG, buffer.subarray(start, stop)));
    else if (opcode === CLOSE) end(`closed with ${stop - start >= 2 ? buffer.readUInt16BE(start) : 1005}`);
  }

  /** @returns where the last complete frame ends */
  function readFrames(buffer, length) {
    let at = 0;
    while (!ended && length - at >= 2) {
      const short = buffer[at + 1] & 127;
      const headLength = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (length - at < headLength) break;
      const size = short < 126 ? short : short === 126 ? buffer.readUInt16BE(at + 2) : Number(buffer.readBigUInt64BE(at + 2));
      const start = at + headLength;
      if (length < start + size) break;
      onFrame(buffer, buffer[at] & 15, start, start + size);
      at = start + size;
    }
    return at;
  }

  function onBytes(count, shared) {
    const buffer = rest === null ? shared : Buffer.concat([rest, shared.subarray(0, count)]);
    const length = rest === null ? count : buffer.length;
    let from = 0;
    if (!upgraded) {
      const headEnd = buffer.subarray(0, length).indexOf('\r\n\r\n');
      if (headEnd >= 0 && !buffer.latin1Slice(0, headEnd).startsWith('HTTP/1.1 101')) end(buffer.latin1Slice(0, headEnd));
      upgraded = headEnd >= 0;
      if (upgraded) socket.write(message({ type: 'connection_init', payload: init }));
      from = upgraded ? headEnd + 4 : 0;
    }
    const read = upgraded ? from + readFrames(buffer.subarray(from, length), length - from) : 0;
    rest = read < length ? Buffer.from(buffer.subarray(read, length)) : null;
    return true;
  }

  const socket = connect({ port, host: '127.0.0.1', noDelay: true, onread: { buffer: readBuffer, callback: onBytes } });
  socket.on('connect', () => {
    const headers = ['Host: 127.0.0.1', 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13'];
    headers.push(`Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`, 'Sec-WebSocket-Protocol: graphql-transport-ws');
    socket.write(`GET /graphql HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`);
  });
  socket.on('error', (error) => end(error.message));
  socket.on('close', () => end('the connection was cut'));
  return {
    /** Stops reading, like a client that hangs. */
    stall: () => socket.pause(),
    close() {
      ended = true;
      socket.destroy();
    },
  };
}
