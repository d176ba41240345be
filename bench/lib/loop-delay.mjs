// Loaded into a server with NODE_OPTIONS: reports over the IPC channel the longest block of its event loop.
import { monitorEventLoopDelay } from 'node:perf_hooks';

const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
process.on('message', (message) => {
  if (message === 'reset') delay.reset();
  if (message === 'tell') process.send?.({ loopDelayMs: delay.max / 1e6 });
});
// The listener must not keep the server alive.
process.channel?.unref();
