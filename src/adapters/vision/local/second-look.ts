import type { Box, Frame } from '../vision.ts';
import { areaOf } from './geometry.ts';
import { lookForObjects, type ObjectLook } from './object-peaks.ts';

/**
 * By net: the least score, and the least share of the frame; who sits before a camera fills more. Measured on drawings over 274 portraits
 * and on pictures without people: nobody is found in 3 % of niqabs and in at most one of 274 scarves and masks, and somebody in none of
 * 15 pictures without people and in 32 of 270 parts of them, mostly of animals. What only the small net finds fills .18 and more.
 */
const PERSON = { objects: { score: 0.17, share: 0.05 }, people: { score: 0.19, share: 0.15 } };
/**
 * A phone of at least this share of the person's box is what the "person" is: a hand with a phone close to the camera, without a face.
 * Measured: .94 and .7 to 1.2 in such pictures; a phone in the hand of somebody before a webcam fills .05 to .15 of the person.
 */
const HAND_WITH_PHONE = { score: 0.165, share: 0.3 };

/**
 * Whether somebody is in a picture in which no face was found: covered, cut by the edge, or turned away. It is shrunk first: somebody who
 * fills it is larger than most in the detector's training data.
 * @param known a look at the same frame, if there was one
 */
export async function seesPerson(frame: Frame, known: ObjectLook | null): Promise<boolean> {
  if (known && holdsPerson(known, frame, PERSON.objects)) return true;
  if (holdsPerson(await lookForObjects(frame, 'people'), frame, PERSON.people)) return true;
  return !known && holdsPerson(await lookForObjects(frame), frame, PERSON.objects);
}

function holdsPerson({ objects }: ObjectLook, frame: Frame, { score, share }: { score: number; share: number }): boolean {
  const phones = objects('phone', HAND_WITH_PHONE.score);
  const isHand = (person: Box) => phones.some(({ box }) => areaOf(box) >= HAND_WITH_PHONE.share * areaOf(person));
  return objects('person', score).some(({ box }) => areaOf(box) >= share * areaOf(frame) && !isHand(box));
}
