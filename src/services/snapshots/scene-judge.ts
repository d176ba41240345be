import type { ObservedFace } from '../../adapters/vision/vision.ts';
import { createFacePlaces, type FacePlacesMemory, steadySeconds, withoutPortraitsSoFar } from '../analysis/face-places.ts';
import { createHeadWatch, type HeadMemory, type HeadPlace } from '../analysis/head-rest.ts';
import { CAMERA_SCORE, judgeFaces, stillState } from '../analysis/judge-webcam.ts';
import { scoreEyesAway } from '../analysis/looking-away.ts';
import { createPictureWatch, type PictureMemory } from '../analysis/picture-watch.ts';
import type { Judge } from './judge.ts';
import type { Verdict } from './track.ts';

/** Time, gaze, yaw and pitch of a face that was the only one. */
type RestSample = readonly [at: number, gaze: number, yaw: number, pitch: number];

interface SceneMemory {
  /** Time of the first snapshot, milliseconds since 1970. */
  began: number;
  picture: PictureMemory | null;
  places: FacePlacesMemory | null;
  rest: readonly RestSample[];
  /** Missing in what an older server stored. */
  head?: HeadMemory | null;
}

const fresh = (at: number): SceneMemory => ({ began: at, picture: null, places: null, rest: [] });

/** With these the eyes are judged after two minutes, against the rest of the last ten. */
const REST_EVERY_MS = 10_000;
const MOST_REST = 60;

const round = (value: number) => Math.round(value * 1_000) / 1_000;

function remember(rest: readonly RestSample[], { gaze, pose }: ObservedFace, at: number): readonly RestSample[] {
  const newest = rest.at(-1)?.[0] ?? -Infinity;
  if (gaze === null || at - newest < REST_EVERY_MS) return rest;
  return [...rest, [at, round(gaze), round(pose.yaw), round(pose.pitch)] as const].slice(-MOST_REST);
}

/** The eyes are compared with where this person's eyes were for minutes. */
function scoreEyes(face: ObservedFace, rest: readonly RestSample[], head: HeadPlace): number {
  const before = rest.map(([, gaze, yaw, pitch]): ObservedFace => ({ ...face, gaze, pose: { yaw, pitch, roll: 0 } }));
  const faces = [...before, face];
  return (
    scoreEyesAway(
      faces,
      faces.map(() => head),
    ).at(-1) ?? 0
  );
}

/** The camera, the people in front of it and where they look. Judged as in a recording, as far as possible without later frames. */
export const scene: Judge = {
  name: 'scene',
  judge({ observation: { faces, covered }, frame, at }, memory) {
    const { began, picture, places, rest, head = null } = (memory as SceneMemory | undefined) ?? fresh(at);
    const seconds = (at - began) / 1_000;
    const pictures = createPictureWatch(picture);
    const facePlaces = createFacePlaces(places);
    const sample = { faces, places: facePlaces.see(seconds, frame, faces) };
    const { black, stillSince, stillPictures } = pictures.see(seconds, frame);
    const people = withoutPortraitsSoFar(sample);
    const still = stillState(sample, people, { seconds: seconds - stillSince, pictures: stillPictures }, steadySeconds);
    const { state, score } = judgeFaces(people, { black, covered });
    const alone = people.length === 1 && still === null ? people[0] : undefined;
    const heads = createHeadWatch(head);
    const turned = alone && heads.see(seconds, alone.pose);
    const away = alone && turned ? Math.max(turned.score, scoreEyes(alone, rest, turned.rest)) : 0;

    const verdicts: Verdict[] = [
      ...(['no_face', 'face_covered', 'multiple_faces', 'camera_black'] as const).map((type) => ({ type, isOn: state === type, score })),
      ...(['camera_frozen', 'face_still'] as const).map((type) => ({ type, isOn: still === type, score: CAMERA_SCORE })),
      { type: 'looking_away', isOn: away > 0, score: away },
    ];
    const next: SceneMemory = {
      began,
      picture: pictures.memory(),
      places: facePlaces.memory(),
      // Also while looking away: after sitting down again a person's eyes rest elsewhere, which must not cause warnings forever.
      rest: alone ? remember(rest, alone, at) : rest,
      head: heads.memory(),
    };
    return { verdicts, memory: next };
  },
};
