import type { FrameObservation, ObservedFace } from '../../adapters/vision.ts';
import { judgeFaces, PHONE_SURE, PHONE_UNSURE } from '../analysis/judge-webcam.ts';
import { scoreLookingAway } from '../analysis/looking-away.ts';
import type { Verdict } from './track.ts';

/** A snapshot that was looked at. */
export interface Look {
  participantId: string;
  userId: string;
  examId: string;
  /** As it came: JPEG. */
  image: Uint8Array;
  /** When it was taken, milliseconds since 1970. */
  at: number;
  observation: FrameObservation;
  /** Whether phones were looked for. */
  phones: boolean;
}

export interface Judged {
  verdicts: Verdict[];
  /** What to remember of this participant until the next snapshot: JSON, a few KB at most. */
  memory?: unknown;
}

/**
 * Says what a snapshot shows. It may be asked again about the same one where another server was faster, so all that it
 * knows of the past is its memory, which is kept with the participant.
 */
export interface Judge {
  /** Of its memory. */
  name: string;
  judge(look: Look, memory: unknown): Judged | Promise<Judged>;
}

const faces: Judge = {
  name: 'faces',
  judge({ observation }) {
    const { state, score } = judgeFaces(observation.faces, false);
    return {
      verdicts: [
        { type: 'no_face', isOn: state === 'no_face', score },
        { type: 'multiple_faces', isOn: state === 'multiple_faces', score },
      ],
    };
  },
};

/** What looks a little like a phone only keeps alive what surely looked like one. */
const phone: Judge = {
  name: 'phone',
  judge({ observation, phones }, memory) {
    const wasSighted = memory === true;
    if (!phones) return { verdicts: [], memory };
    const score = observation.phones[0]?.score ?? 0;
    const isSure = score >= PHONE_SURE;
    const isSighted = isSure || (wasSighted && score >= PHONE_UNSURE);
    return { verdicts: [{ type: 'phone_usage', isOn: isSighted && !isSure ? null : isSure, score }], memory: isSighted };
  },
};

/** Time, gaze, yaw and pitch of a face that was seen alone. */
type RestSample = readonly [at: number, gaze: number, yaw: number, pitch: number];

/** With these the eyes are judged after two minutes, by the rest of the last ten. */
const REST_EVERY_MS = 10_000;
const MOST_REST = 60;

const round = (value: number) => Math.round(value * 1_000) / 1_000;

function remember(rest: readonly RestSample[], { gaze, pose }: ObservedFace, at: number): readonly RestSample[] {
  const newest = rest.at(-1)?.[0] ?? -Infinity;
  if (gaze === null || at - newest < REST_EVERY_MS) return rest;
  return [...rest, [at, round(gaze), round(pose.yaw), round(pose.pitch)] as const].slice(-MOST_REST);
}

/** A turned head is seen at once; the eyes only against where this person's eyes were for minutes. */
const lookingAway: Judge = {
  name: 'lookingAway',
  judge({ observation, at }, memory) {
    const rest = (memory ?? []) as readonly RestSample[];
    const [face] = observation.faces;
    if (!face || observation.faces.length > 1) return { verdicts: [{ type: 'looking_away', isOn: false, score: 0 }], memory: rest };
    const before = rest.map(([, gaze, yaw, pitch]): ObservedFace => ({ ...face, gaze, pose: { yaw, pitch, roll: 0 } }));
    const score = scoreLookingAway([...before, face]).at(-1) ?? 0;
    return { verdicts: [{ type: 'looking_away', isOn: score > 0, score }], memory: remember(rest, face, at) };
  },
};

/** Of every snapshot, in this order. */
export const judges: readonly Judge[] = [faces, phone, lookingAway];
