import { linkFrom } from '../../shared/link-from.ts';
import { createStore } from '../../shared/store.ts';
import type { ProctorConsole } from '../session/console.ts';
import type { ConsoleEvent } from '../session/model.ts';
import { allClips, type Clips, nextCovered } from './clips.ts';
import type { Finding, Precision, Recorded, Reviewed, VerdictStatus } from './model.ts';
import { type Moment, momentsOf, rangeOf } from './moments.ts';
import * as ask from './operations.ts';
import { createPlayer } from './player.ts';

export interface ReviewState {
  phase: 'loading' | 'open' | 'missing' | 'fault';
  /** Why it could not be read. */
  fault: unknown;
  person: Reviewed | null;
  clips: Clips;
  /** All that happened, in order of time. */
  moments: readonly Moment[];
  range: { from: number; to: number };
  /** How often warnings of each type were confirmed and dismissed here. */
  record: readonly Precision[];
  /** The decision that can be taken back: warnings as they were before it. */
  done: { decision: Decision; before: readonly Finding[] } | null;
  /** What is left to look at in the whole exam. */
  flagged: { recordings: number; seconds: number };
  /** Why a key did nothing. */
  refused: unknown;
}

export type Decision = 'CONFIRMED' | 'DISMISSED';

/** Changes come in bunches. */
const COLLECT_MS = 400;
/** Most ids that the server takes at once. */
const AT_ONCE = 500;

const concerns = (event: ConsoleEvent, userId: string): boolean => {
  switch (event.__typename) {
    case 'ParticipantChanged':
      return event.participant.userId === userId;
    case 'RecordingChanged':
      return event.recording.userId === userId;
    case 'MessageSent':
    case 'MessageRead':
      return event.message.userId === userId;
    case 'WarningAdded':
    case 'WarningUpdated':
    case 'WarningReviewed':
      return event.warning.userId === userId;
    default:
      return false;
  }
};

/** The review of one person: what is known of them, the player, and what a reviewer does. It draws nothing. */
export function createReview({ api, root, examId, store, clock, state: consoleState }: ProctorConsole, userId: string) {
  const state = createStore<ReviewState>({
    phase: 'loading',
    fault: null,
    person: null,
    clips: { WEBCAM: [], SCREEN: [] },
    moments: [],
    range: { from: 0, to: 1_000 },
    record: [],
    done: null,
    flagged: { recordings: 0, seconds: 0 },
    refused: null,
  });
  /** The newest position of the log that is shown. */
  let shownUpTo: number | null = null;
  /** How often something was changed here: what was asked for before may be older. */
  let changes = 0;
  /** Decisions that are not answered yet. */
  let deciding: Promise<unknown> = Promise.resolve();

  /** A link of the server by the address under which this page has it. */
  const here = (url: string): string => linkFrom(root, url);

  const player = createPlayer({
    link: (id) => here(state.get().person?.recordings.find((one) => one.id === id)?.playbackUrl ?? ''),
    async renew(id) {
      const { recording } = await api.graphql(ask.ReviewLinks, { id });
      if (!recording) throw new Error('the recording is gone');
      return here(recording.playbackUrl);
    },
  });

  function put(person: Reviewed): void {
    const clips = allClips(person.recordings);
    const moments = momentsOf(person, clips, clock.now());
    const range = rangeOf(moments, clips, person.startedAt);
    const isFirst = state.get().person === null;
    player.setClips(clips);
    state.set({ phase: 'open', fault: null, person, clips, moments, range });
    if (isFirst) player.seek(nextCovered([...clips.WEBCAM, ...clips.SCREEN], range.from) ?? range.from);
  }

  async function moreWarnings(first: readonly Finding[], cursor: string | null): Promise<Finding[]> {
    const all = [...first];
    for (let after = cursor; after !== null;) {
      const { exam }: Pages = await api.graphql(ask.ReviewMoreWarnings, { examId, userId, after });
      const page = exam?.participant?.warnings;
      all.push(...(page?.edges.map(({ node }) => node) ?? []));
      after = page?.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
    }
    return all;
  }

  async function read(): Promise<void> {
    const before = changes;
    try {
      const { exam, warningRecord } = await api.graphql(ask.ReviewPerson, { examId, userId });
      const found = exam?.participant;
      if (!exam || !found) return state.set({ phase: 'missing', person: null });
      const { pageInfo, edges } = found.warnings;
      const first = edges.map(({ node }) => node);
      const warnings = await moreWarnings(first, pageInfo.hasNextPage ? pageInfo.endCursor : null);
      if (changes !== before) return readSoon();
      shownUpTo = exam.lastSeq;
      state.set({ record: warningRecord, flagged: exam.counts.flagged });
      put({ ...found, warnings, messages: found.messages.edges.map(({ node }) => node) });
    } catch (fault) {
      // What is shown stays; the next change reads it again.
      if (state.get().phase === 'loading') state.set({ phase: 'fault', fault });
    }
  }

  let timer: ReturnType<typeof setTimeout> | undefined;
  let reading: Promise<void> | null = null;
  function readSoon(): void {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (reading) return readSoon();
      reading = read().finally(() => (reading = null));
    }, COLLECT_MS);
  }

  /** Shows what a change of ours answered, and reads what others did meanwhile. */
  function putChange(change: (person: Reviewed) => Partial<Reviewed>): void {
    changes += 1;
    const { person } = state.get();
    if (person) put({ ...person, ...change(person) });
    readSoon();
  }

  async function putWarnings(answer: Promise<readonly Finding[]>): Promise<void> {
    const asked = store.asked();
    const changed = await answer;
    asked.putWarnings(changed);
    const byId = new Map(changed.map((one) => [one.id, one]));
    putChange(({ warnings }) => ({ warnings: warnings.map((one) => byId.get(one.id) ?? one) }));
  }

  async function decideAll(ids: readonly string[], decision: Decision, reason: string | null): Promise<void> {
    for (let from = 0; from < ids.length; from += AT_ONCE) {
      const warningIds = ids.slice(from, from + AT_ONCE);
      await putWarnings(api.graphql(ask.ReviewDecide, { warningIds, decision, reason }).then(({ reviewWarnings }) => reviewWarnings));
    }
  }

  const reopenAll = (ids: readonly string[]) =>
    putWarnings(api.graphql(ask.ReviewReopen, { warningIds: [...ids] }).then(({ reopenWarnings }) => reopenWarnings));

  return {
    userId,
    state,
    player,
    here,
    read,

    /** Reads the person, and again whenever something about them changes. @returns stops it */
    start(): () => void {
      void read();
      const stopPlayer = player.start();
      const stopHearing = store.listen((events) => {
        if (events.some((event) => concerns(event, userId))) readSoon();
      });
      let wasCut = false;
      const stopWatching = consoleState.subscribe(() => {
        const isCut = consoleState.get().cutOffSince !== null;
        if (wasCut && !isCut) readSoon();
        wasCut = isCut;
      });
      return () => {
        clearTimeout(timer);
        stopPlayer();
        stopHearing();
        stopWatching();
      };
    },

    /** @param reason needed to dismiss @throws ApiError, NetworkError */
    async decide(ids: readonly string[], decision: Decision, reason: string | null): Promise<void> {
      const chosen = new Set(ids);
      const before = state.get().person?.warnings.filter(({ id }) => chosen.has(id)) ?? [];
      const decided = decideAll(ids, decision, reason);
      deciding = Promise.allSettled([deciding, decided]);
      await decided;
      state.set({ done: { decision, before }, refused: null });
    },

    /** Takes the newest decision back: what was decided before it counts again. @throws ApiError, NetworkError */
    async undo(): Promise<void> {
      // The log may have told of the newest one before its answer comes.
      await deciding;
      const before = state.get().done?.before ?? [];
      const open = before.filter(({ review }) => review === null).map(({ id }) => id);
      for (let from = 0; from < open.length; from += AT_ONCE) await reopenAll(open.slice(from, from + AT_ONCE));
      for (const { id, review } of before) if (review) await decideAll([id], review.decision, review.reason);
      state.set({ done: null, refused: null });
    },
    tellRefused: (refused: unknown) => state.set({ refused }),

    /** Takes back what was decided about warnings, by whomever. @throws ApiError, NetworkError */
    reopen: reopenAll,

    /** @throws ApiError, NetworkError */
    async judge(status: VerdictStatus, reason: string | null): Promise<void> {
      const asked = store.asked();
      const { reviewParticipant } = await api.graphql(ask.ReviewVerdict, { examId, userId, status, reason });
      const { verdicts, secondReviewNeeded, ...facts } = reviewParticipant;
      asked.putPeople([facts]);
      const { review, contest } = facts;
      putChange(() => ({ review, contest, verdicts, secondReviewNeeded }));
    },

    /** Notes that the reader has looked through what is shown. @throws ApiError, NetworkError */
    async markSeen(): Promise<void> {
      const { markSeen } = await api.graphql(ask.ReviewMarkSeen, { examId, userId, upTo: shownUpTo });
      putChange(() => markSeen);
    },

    /** @throws ApiError, NetworkError */
    async analyseAgain(recordingId: string): Promise<void> {
      const { retryAnalysis } = await api.graphql(ask.ReviewAnalyseAgain, { recordingId });
      putChange(({ recordings }) => ({ recordings: recordings.map((one): Recorded => (one.id === recordingId ? retryAnalysis : one)) }));
    },
  };
}

interface Pages {
  exam: {
    participant: { warnings: { pageInfo: { hasNextPage: boolean; endCursor: string | null }; edges: { node: Finding }[] } } | null;
  } | null;
}

export type ReviewSession = ReturnType<typeof createReview>;
