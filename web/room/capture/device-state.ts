import type { DeviceState } from './capture.ts';

export type Device = 'camera' | 'microphone' | 'screen';

export const OFF: DeviceState = { state: 'off', blocker: null, message: null, label: null };
export const ASKING: DeviceState = { ...OFF, state: 'asking' };
export const on = ({ label }: MediaStreamTrack): DeviceState => ({ ...OFF, state: 'on', label });

/** What may be over without a click: another program ends, a cable is plugged in. */
export const comesBack = ({ state, blocker }: DeviceState): boolean =>
  state === 'blocked' && (blocker === 'busy' || blocker === 'missing' || blocker === 'ended' || blocker === 'failed');

export const isMissing = ({ state, blocker }: DeviceState): boolean =>
  state === 'blocked' && (blocker === 'missing' || blocker === 'ended');

/** Milliseconds until a lost camera is tried again. @param losses how often that was tried before */
export const reopenMs = (losses: number): number => [1_000, 2_000, 5_000, 10_000][losses] ?? 30_000;
