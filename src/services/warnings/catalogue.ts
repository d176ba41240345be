import type { WarningSeverity, WarningSource } from '../../generated/prisma/enums.ts';

/** From the least to the most serious. */
export const SEVERITIES: readonly WarningSeverity[] = ['INFO', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL'];

interface WarningTypeInfo {
  type: string;
  severity: WarningSeverity;
  description: string;
}

const entry = (severity: WarningSeverity, type: string, description: string): WarningTypeInfo => ({ type, severity, description });

/** The types that clients and detectors agree on. Others are kept with severity `MEDIUM`. */
export const warningCatalogue: readonly WarningTypeInfo[] = [
  entry('INFO', 'network_lost', 'The connection of the candidate dropped. Never held against the candidate.'),
  entry('INFO', 'network_restored', 'The connection of the candidate came back.'),
  entry('INFO', 'device_changed', 'Another camera or microphone was chosen.'),
  entry('INFO', 'page_reload', 'The exam page was loaded again.'),
  entry('INFO', 'message_read', 'The candidate read a message.'),
  entry('LOW', 'window_blur', 'The exam window lost the focus.'),
  entry('LOW', 'looking_away', 'The candidate looked away from the screen for a while.'),
  entry('LOW', 'face_still', 'The face did not move at all for minutes, as in a photo.'),
  entry('LOW', 'short_utterances', 'Short utterances were heard again and again, such as one-word answers.'),
  entry('LOW', 'noise', 'Noise in the room.'),
  entry('LOW', 'mouse_left', 'The pointer left the exam window.'),
  entry('LOW', 'low_battery', 'The battery of the device is low.'),
  entry('MEDIUM', 'tab_switch', 'The candidate switched to another tab.'),
  entry('MEDIUM', 'fullscreen_exit', 'Full-screen mode was left.'),
  entry('MEDIUM', 'copy_paste', 'Text was copied or pasted.'),
  entry('MEDIUM', 'no_face', 'No face was in the picture for a while.'),
  entry('MEDIUM', 'face_covered', 'The face was covered or cut by the edge of the picture.'),
  entry('MEDIUM', 'talking', 'Speech was heard for a while.'),
  entry('MEDIUM', 'screen_frozen', 'The screen recording did not change although the exam page reported changes of the screen.'),
  entry('MEDIUM', 'mic_muted', 'The microphone was muted.'),
  entry('MEDIUM', 'extra_display', 'More than one display is connected.'),
  entry('MEDIUM', 'second_session', 'The personal link was opened elsewhere while the candidate was in the exam.'),
  entry('MEDIUM', 'evidence_gap', 'A part of the evidence is missing.'),
  entry('HIGH', 'multiple_faces', 'More than one face was in the picture for a while.'),
  entry('HIGH', 'phone_usage', 'A phone was in the picture for a while.'),
  entry('HIGH', 'books', 'Books or notes were in the picture.'),
  entry('HIGH', 'camera_stopped', 'The camera stopped.'),
  entry('HIGH', 'camera_black', 'The camera showed nothing: it was covered, off or in the dark.'),
  entry('HIGH', 'camera_frozen', 'The camera picture was frozen while somebody was in it.'),
  entry('HIGH', 'screen_black', 'The screen recording was black: the display slept, was locked, or could not be recorded.'),
  entry('HIGH', 'screen_share_stopped', 'The screen is no longer shared.'),
  entry('HIGH', 'headphones', 'Headphones were worn.'),
  entry('HIGH', 'devtools', "The browser's developer tools were opened."),
  entry('HIGH', 'identity_mismatch', 'The candidate was compared with the reference picture three times without success.'),
  entry('HIGH', 'virtual_machine', 'The exam runs in a virtual machine.'),
  entry('HIGH', 'virtual_camera', 'The picture comes from a virtual camera.'),
  entry('HIGH', 'forbidden_software', 'Forbidden software is running.'),
  entry('CRITICAL', 'face_mismatch', 'The face is not the one that was verified.'),
  entry('CRITICAL', 'person_substituted', 'Another person took the seat.'),
  entry('CRITICAL', 'remote_control', 'The device is controlled remotely.'),
  entry('CRITICAL', 'lockdown_key_mismatch', "The lockdown browser's key is wrong."),
];

const severities = new Map(warningCatalogue.map(({ type, severity }) => [type, severity]));

const WORDS = {
  no_face: 'No face',
  face_covered: 'Face covered or cut',
  multiple_faces: 'More than one face',
  face_mismatch: 'A face other than the verified one',
  phone_usage: 'Phone in view',
  looking_away: 'Looking away from the screen',
  talking: 'Talking',
  short_utterances: 'Short utterances again and again',
  camera_black: 'Black picture',
  camera_frozen: 'Frozen picture',
  face_still: 'A face as motionless as a photo',
  screen_black: 'Black screen',
  screen_frozen: 'Screen recording unchanged',
} as const;

/** Findings of the server itself: from a client they are a claim, which must not look like one. */
const OWN_FINDINGS: ReadonlySet<string> = new Set([...Object.keys(WORDS), 'evidence_gap']);
const QUIET: ReadonlySet<WarningSeverity> = new Set(['INFO', 'LOW', 'MEDIUM']);

/** The severity by the catalogue; `MEDIUM` for unknown types, and at most that for a client that reports a finding of the analysis. */
export function severityOf(type: string, source: WarningSource): WarningSeverity {
  const severity = severities.get(type) ?? 'MEDIUM';
  return source === 'CLIENT' && OWN_FINDINGS.has(type) && !QUIET.has(severity) ? 'MEDIUM' : severity;
}

/** The types that the analysis warns of. */
export type DetectorType = keyof typeof WORDS;
export const DETECTOR_TYPES = Object.keys(WORDS) as [DetectorType, ...DetectorType[]];

/**
 * How the `clientEventId` of a warning of the server begins, which is stored once, and the stored one of a proctor's warning. Nobody
 * may send such ids: a candidate who reported something harmless under one would keep the warning from being raised.
 */
export const OWN_EVENT_ID = 'invigil:';

/** About the evidence and the seat, which staff must learn of whatever was granted. */
const OF_THE_SERVER: ReadonlySet<string> = new Set(['evidence_gap', 'identity_mismatch', 'second_session']);

/**
 * The types that an accommodation may suppress: what the analysis finds and what clients report. Nothing that is CRITICAL, except
 * the server's own comparison of faces, which errs more often for some people than for others.
 */
export const SUPPRESSIBLE_TYPES: readonly string[] = warningCatalogue.flatMap(({ type, severity }) =>
  type in WORDS || (severity !== 'CRITICAL' && !OF_THE_SERVER.has(type)) ? [type] : [],
);

/** For how many seconds something was seen, and from its first to its last sighting. */
interface EpisodeLength {
  seen: number;
  within: number;
}

/** For a proctor to read. Without `length` the episode is still going on. */
export function describeEpisode(type: string, length?: EpisodeLength): string {
  const words = type in WORDS ? WORDS[type as DetectorType] : type;
  if (!length) return words;
  const { seen, within } = length;
  // A second or two of difference is how samples fall.
  const isBroken = within - seen > 2 && seen < 0.9 * within;
  return isBroken ? `${words} for ${inWords(seen)} within ${inWords(within)}` : `${words} for ${inWords(within)}`;
}

/** For a proctor to read: short utterances within so many seconds. */
export const describeUtterances = (count: number, within: number): string =>
  `${WORDS.short_utterances}: ${count} within ${inWords(within)}`;

/** For a proctor to read: changes of the screen that the exam page reported and the recording does not show. */
export const describeFrozenScreen = (seconds: number, changes: number): string =>
  `${WORDS.screen_frozen} for ${inWords(seconds)}, in which the exam page reported ${changes} changes of the screen`;

/** For example `12 s` or `2 min 5 s`. */
export function inWords(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  return whole % 60 === 0 ? `${whole / 60} min` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
