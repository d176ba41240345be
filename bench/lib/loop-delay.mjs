// Loaded into a server by NODE_OPTIONS: tells over the IPC channel how long its event loop was held up at most.
import { monitorEventLoopDelay } from 'node:perf_hooks';

const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
process.on('message', (message) => {
  if (message === 'reset') delay.reset();
  if (message === 'tell') process.send?.({ loopDelayMs: delay.max / 1e6 });
});
// The listener alone must not keep the server alive.
process.channel?.unref();
