// Many consoles in a separate process. The benchmark calls the functions in `calls` over IPC: see consoles.mjs.
import { openConsole } from './console-socket.mjs';
import { hashStep, percentile } from './stats.mjs';

const CONNECTING_AT_ONCE = 100;
const SENT = '"details":"t';
const SEQ = '"seq":';
const ZERO = 48;

let consoles = [];
let total = 0;
let latencies = [];
/** @type {{ reached: () => boolean, resolve: (value: boolean) => void } | null} */
let wanted = null;

function numberAfter(buffer, label, start) {
  let at = buffer.indexOf(label, start, 'latin1') + label.length;
  let value = 0;
  for (let digit = buffer[at] - ZERO; digit >= 0 && digit <= 9; digit = buffer[++at] - ZERO) value = value * 10 + digit;
  return value;
}

const trackers = {
  latency: (_state, buffer, start) => latencies.push(Number(process.hrtime.bigint() / 1_000n) - numberAfter(buffer, SENT, start)),
  order(state, buffer, start) {
    const seq = numberAfter(buffer, SEQ, start);
    if (seq <= state.lastSeq) state.disorder += 1;
    state.lastSeq = seq;
    state.hash = hashStep(state.hash, seq);
  },
};

const fresh = () => ({ received: 0, hash: 0, lastSeq: 0, disorder: 0 });

function settle() {
  if (wanted?.reached()) {
    wanted.resolve(true);
    wanted = null;
  }
}

function open({ port, init, query, watched, track }) {
  const tracking = track.map((name) => trackers[name]);
  let next = 0;
  let ready = 0;
  return new Promise((resolve, reject) => {
    function connectOne() {
      if (next === watched.length) return;
      /** @type {any} */
      const state = { ...fresh(), examId: watched[next].examId, end: null, socket: null };
      state.socket = openConsole({
        port,
        init,
        query,
        variables: watched[next++],
        onReady() {
          ready += 1;
          if (ready === watched.length) resolve(ready);
          else connectOne();
        },
        onEvent(buffer, start) {
          state.received += 1;
          total += 1;
          for (const tracker of tracking) tracker(state, buffer, start);
          if (wanted !== null) settle();
        },
        onEnd(reason) {
          state.end = reason;
          reject(new Error(`a console ended: ${reason}`));
        },
      });
      consoles.push(state);
    }
    for (let i = 0; i < CONNECTING_AT_ONCE; i++) connectOne();
  });
}

/** Resolves with whether it was reached in time. */
function until(reached, ms) {
  if (reached()) return true;
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      wanted = null;
      resolve(false);
    }, ms);
    wanted = {
      reached,
      resolve(value) {
        clearTimeout(timer);
        resolve(value);
      },
    };
  });
}

const calls = {
  open,
  total: () => total,
  untilTotal: ({ count, ms }) => until(() => total >= count, ms),
  /** Expensive with many consoles, because each event checks all of them: only for events that arrive one by one. */
  async everyone({ ms }) {
    await until(() => total >= consoles.length && consoles.every(({ received }) => received > 0), ms);
    return consoles.filter(({ received }) => received > 0).length;
  },
  reset() {
    total = 0;
    latencies = [];
    for (const state of consoles) Object.assign(state, fresh());
  },
  latencies: () => ({ count: latencies.length, p50: percentile(latencies, 0.5) / 1_000, p99: percentile(latencies, 0.99) / 1_000 }),
  states: () => consoles.map(({ socket: _socket, ...state }) => state),
  stall: ({ index }) => consoles[index].socket.stall(),
  close() {
    for (const { socket } of consoles) socket.close();
    consoles = [];
    total = 0;
  },
};

process.on('message', async ({ id, call, args }) => {
  try {
    process.send?.({ id, result: await calls[call](args) });
  } catch (error) {
    process.send?.({ id, error: error.message });
  }
});
process.on('disconnect', () => process.exit(0));
