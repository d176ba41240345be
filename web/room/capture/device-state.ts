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
