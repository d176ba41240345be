import type { FrameObservation, ObservedFace } from '../../adapters/vision/vision.ts';
import type { Span } from '../../services/analysis/timeline.ts';
import type { DetectorType } from '../../services/warnings/catalogue.ts';
import type { Row } from '../csv.ts';
import type { Pools, Sitter } from './pools.ts';

/** Seconds. */
export const SITTING_SECONDS = 1_800;

/** What somebody does for a while. */
interface Act {
  kind: HabitKind | EpisodeKind;
  /** Seconds; `to` is excluded. */
  from: number;
  to: number;
  /** Which of its pool. */
  source: number;
}

interface Habit {
  kind: HabitKind;
  perHour: number;
  /** Seconds, both included. */
  lasts: readonly [number, number];
}

type HabitKind = 'glance' | 'keyboard' | 'turned' | 'hand' | 'word';

/** What people do who sit an exam and do nothing wrong; assumed, not measured. */
export const HABITS: readonly Habit[] = [
  { kind: 'glance', perHour: 60, lasts: [1, 3] },
  { kind: 'keyboard', perHour: 60, lasts: [1, 3] },
  { kind: 'turned', perHour: 6, lasts: [4, 4] },
  { kind: 'hand', perHour: 8, lasts: [2, 4] },
  { kind: 'word', perHour: 6, lasts: [1, 2] },
];
/** Some are calmer and some more restless than that, by a factor. */
const RESTLESSNESS = 2;

export type EpisodeKind = 'phone' | 'second person' | 'absent' | 'turned away' | 'eyes aside' | 'talking' | 'face covered';

/** What a proctor should learn of, and the warning that says so. */
export const EPISODES: readonly { kind: EpisodeKind; seconds: number; type: DetectorType }[] = [
  { kind: 'phone', seconds: 20, type: 'phone_usage' },
  { kind: 'second person', seconds: 15, type: 'multiple_faces' },
  { kind: 'absent', seconds: 30, type: 'no_face' },
  { kind: 'turned away', seconds: 30, type: 'looking_away' },
  { kind: 'eyes aside', seconds: 30, type: 'looking_away' },
  { kind: 'talking', seconds: 20, type: 'talking' },
  { kind: 'face covered', seconds: 20, type: 'face_covered' },
];

export interface Episode extends Act {
  kind: EpisodeKind;
  type: DetectorType;
  /** Whose picture or clip shows it. */
  cluster: string;
  /** The user's labels of that. */
  labels: Row;
}

export interface Sitting {
  sitter: Sitter;
  /** What is seen, and whether somebody talks, in each second; without sound `talk` is null. */
  observations: FrameObservation[];
  talk: Span<boolean>[] | null;
  episodes: Episode[];
}

/** Seconds from the end of a habit to its next time: two at once would last longer than is assumed. */
const APART = 5;
/** How likely the picture changes from one second to the next: a person keeps still for about five. */
const CHANGE = 0.2;
/** Degrees down to the keyboard, which no labelled picture shows. */
const KEYBOARD_PITCH = 28;
/** Seconds before the first episode, and between two. */
const FIRST_EPISODE = 300;

type Random = () => number;
const below = (random: Random, limit: number) => Math.floor(random() * limit);
const between = (random: Random, [least, most]: readonly [number, number]) => least + below(random, most - least + 1);
const pick = <Item>(random: Random, items: readonly Item[]): Item | undefined => items[below(random, items.length)];

/** @param number the sitting's own, counted from 0: the sources of its episodes are taken in turn by it */
export function simulateSitting(
  pools: Pools,
  { sitter, isHonest, number, random }: { sitter: Sitter; isHonest: boolean; number: number; random: Random },
): Sitting {
  const episodes = isHonest ? [] : placeEpisodes(pools, sitter, number, random);
  const habits = placeHabits(random);
  const actAt = (second: number): Act | undefined =>
    episodes.find(({ from, to }) => second >= from && second < to) ?? habits.find(({ from, to }) => second >= from && second < to);
  let view = below(random, sitter.views.length);
  const background = pick(random, pools.noise);
  const observations: FrameObservation[] = [];
  const talk: Span<boolean>[] = [];
  for (let second = 0; second < SITTING_SECONDS; second += 1) {
    if (random() < CHANGE) view = below(random, sitter.views.length);
    const act = actAt(second);
    const seen = sitter.views[view] ?? NOTHING;
    observations.push(act ? during(act, seen, { pools, sitter, view, random }) : seen);
    const voice = act && (act.kind === 'talking' || act.kind === 'word') ? pools.speech[act.source % pools.speech.length] : background;
    const heard = voice?.seconds[(second - (act?.from ?? 0)) % voice.seconds.length] ?? { state: false, score: 1 };
    talk.push({ start: second, end: second + 1, ...heard });
  }
  return { sitter, observations, talk: background ? talk : null, episodes };
}

const NOTHING: FrameObservation = { faces: [], covered: false, phones: [] };

function placeHabits(random: Random): Act[] {
  const factor = RESTLESSNESS ** (2 * random() - 1);
  return HABITS.flatMap(({ kind, perHour, lasts }) => {
    const acts: Act[] = [];
    const mean = 3_600 / (perHour * factor);
    for (let at = -mean * Math.log(1 - random()); at < SITTING_SECONDS; at -= mean * Math.log(1 - random())) {
      const from = Math.floor(at);
      const act = { kind, from, to: from + between(random, lasts), source: below(random, 1_000) };
      if (from >= (acts.at(-1)?.to ?? -APART) + APART) acts.push(act);
    }
    return acts;
  });
}

/** One of each kind that the labels know, in any order, at least two minutes apart. */
function placeEpisodes(pools: Pools, sitter: Sitter, number: number, random: Random): Episode[] {
  const sourceOf = (kind: EpisodeKind): { cluster: string; labels?: Row } | undefined => {
    if (kind === 'face covered') return { cluster: sitter.cluster, labels: { cover: sitter.cover } };
    const pool = poolOf(pools, kind);
    return pool[number % pool.length];
  };
  const possible = EPISODES.flatMap((one) => {
    const source = sourceOf(one.kind);
    return source ? [{ ...one, cluster: source.cluster, labels: source.labels ?? {}, order: random() }] : [];
  }).sort((a, b) => a.order - b.order);
  const room = (SITTING_SECONDS - FIRST_EPISODE) / possible.length;
  return possible.map(({ kind, seconds, type, cluster, labels }, index) => {
    const from = Math.floor(FIRST_EPISODE + index * room + random() * Math.max(0, room - seconds - 120));
    return { kind, type, cluster, labels, from, to: from + seconds, source: number };
  });
}

function poolOf(pools: Pools, kind: EpisodeKind): readonly { cluster: string; labels?: Row }[] {
  if (kind === 'phone') return pools.phones;
  if (kind === 'second person') return pools.several;
  if (kind === 'absent') return pools.empty;
  if (kind === 'turned away') return pools.turned;
  return kind === 'eyes aside' ? pools.eyes : pools.speech;
}

interface Scenery {
  pools: Pools;
  sitter: Sitter;
  view: number;
  random: Random;
}

/** What is seen while somebody does something: what the detectors found in the picture that shows it, or the sitter's face, moved. */
function during({ kind, source }: Act, seen: FrameObservation, { pools, sitter, view, random }: Scenery): FrameObservation {
  const of = <Item>(pool: readonly Item[]) => pool[source % pool.length];
  const viewOf = (views: readonly FrameObservation[] | undefined) => views?.[view % views.length] ?? seen;
  if (kind === 'phone') return { ...seen, phones: viewOf(of(pools.phones)?.views).phones };
  if (kind === 'second person') return viewOf(of(pools.several)?.views);
  if (kind === 'absent') return viewOf(of(pools.empty)?.views);
  if (kind === 'face covered' || kind === 'hand') return viewOf(sitter.covered);
  if (kind === 'keyboard') return moved(seen, { pitch: KEYBOARD_PITCH });
  if (kind === 'turned away' || kind === 'turned')
    return moved(seen, of(pools.turned)?.offsets[view % (of(pools.turned)?.offsets.length ?? 1)] ?? {});
  if (kind === 'eyes aside' || kind === 'glance') return moved(seen, { gaze: pick(random, of(pools.eyes)?.offsets ?? []) ?? 0 });
  return seen;
}

/** @param by degrees, and widths of the eye */
function moved(
  seen: FrameObservation,
  { yaw = 0, pitch = 0, gaze = 0 }: { yaw?: number; pitch?: number; gaze?: number },
): FrameObservation {
  const move = (face: ObservedFace): ObservedFace => ({
    ...face,
    pose: { ...face.pose, yaw: face.pose.yaw + yaw, pitch: face.pose.pitch + pitch },
    gaze: face.gaze === null ? null : face.gaze + gaze,
  });
  return { ...seen, faces: seen.faces.map(move) };
}
