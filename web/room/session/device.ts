import type { ServerClock } from '../../shared/server-clock.ts';
import type { Capture } from '../capture/capture.ts';

/** What the proctor is told of the device. */
export function describeDevice(capture: Capture | null, clock: ServerClock): object {
  const { camera, microphone, screen: shared } = capture?.getState() ?? {};
  return {
    browser: navigator.userAgent,
    language: navigator.language,
    screen: { width: screen.width, height: screen.height, isExtended: (screen as { isExtended?: boolean }).isExtended ?? null },
    camera: camera?.label ?? null,
    microphone: microphone?.label ?? null,
    sharedScreen: shared?.label ?? null,
    clockAheadMs: Math.round(clock.ahead() ?? 0),
  };
}
