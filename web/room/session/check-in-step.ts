import type { CaptureState } from '../capture/capture.ts';
import type { RoomState } from './room-state.ts';

/**
 * Where the candidate is before the exam, for staff who wonder why somebody does not come: the step, or what blocks a device. A slug
 * as `heartbeat` takes it; null for one who is elsewhere.
 */
export function checkInStepOf(
  { phase }: Pick<RoomState, 'phase'>,
  devices: Pick<CaptureState, 'camera' | 'microphone' | 'screen'> | null,
): string | null {
  if (phase.kind !== 'check-in') return null;
  if (phase.step === 'welcome') return 'notice';
  const blocked = (['camera', 'microphone', 'screen'] as const).find((kind) => devices?.[kind].blocker);
  return blocked ? `${blocked}_${devices?.[blocked].blocker?.replaceAll('-', '_')}` : phase.step;
}
