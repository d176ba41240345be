import type { EnterQuery } from '../../generated/graphql.ts';
import { ApiError, createApi, NetworkError } from '../../shared/api.ts';
import { followExam } from '../../shared/follow.ts';
import { createServerClock, type ServerClock } from '../../shared/server-clock.ts';
import { createStore, type Store } from '../../shared/store.ts';
import type { Capture, CaptureOptions } from '../capture/capture.ts';
import type { Presence } from '../worker/protocol.ts';
import { createCheckIn } from './check-in.ts';
import { createListener } from './events.ts';
import { guardLeaving } from './leaving.ts';
import { obstacleOfBrowser, obstacleTo } from './obstacles.ts';
import { takeTab } from './only-tab.ts';
import * as ask from './operations.ts';
import { createRequests } from './requests.ts';
import { firstState, hasLeft, isSitting, type ExamFacts, type ParticipantFacts, type Problem, type RoomState } from './room-state.ts';
import { createSeats } from './seats.ts';
import { createSitting } from './sitting.ts';
import { createTold } from './told.ts';

interface Options {
  /** The server's address, with a slash at the end. */
  root: URL;
  examId: string;
  /** What follows `#t=`; null if nothing does. */
  link: string | null;
  practice: boolean;
  createCapture(options: CaptureOptions): Capture;
}

const RETRY_MS = 5_000;
const PICTURE_ASKED_MS = 30_000;

/** One candidate's exam in this page, from the link to the receipt. It draws nothing: the views show its state. */
export function createRoom({ root, examId, link, practice, createCapture }: Options) {
  const clock = createServerClock();
  const seats = createSeats(examId, link);
  const seat = practice ? null : seats.find();
  const store: Store<RoomState> = createStore(firstState({ practice, mayBeAnother: seat?.isShared === true }));
  guardLeaving(store);
  let token: string | null = seat?.token ?? link;
  let hasTab = false;
  let stopFollowing = () => {};
  /** Everything is off that was given up. */
  let givenUp: Promise<void> = Promise.resolve();

  const api = createApi({ root, token: () => token });
  const { get, set } = store;
  const { handle, takeMessage } = createListener({
    store,
    take,
    onCancelled() {
      void sitting.giveUp();
      showProblem('cancelled');
    },
    onNews: () => told.note(),
    onPictureAsked(at) {
      // A page that is loaded again hears of all that were asked for before.
      if (clock.now() - at < PICTURE_ASKED_MS) sitting.showNow();
    },
  });
  const told = createTold({ store, take, ask: async () => (await enter(get().participant?.userId ?? '')).exam });
  const sitting = createSitting({ root, store, clock, createCapture, onPresence: hear, onRenewed: renew, onSubmitted: told.submitted });
  const checkIn = createCheckIn({ api, examId, practice, store, clock, capture: () => sitting.capture, onDone: told.read });

  const showProblem = (problem: Problem, message: string | null = null) => set({ phase: { kind: 'problem', problem, message } });

  /** Asks, and takes the time of the answer. */
  async function enter(userId: string): Promise<EnterQuery> {
    const begun = performance.now();
    const answer = await api.graphql(ask.Enter, { examId, userId });
    if (answer.exam) clock.measure(Date.parse(answer.exam.serverTime), performance.now() - begun);
    return answer;
  }

  // --- loading -------------------------------------------------------------------------------------------------------------------

  async function load({ steal = false } = {}): Promise<void> {
    set({ phase: { kind: 'loading' } });
    if (!token) return showProblem('no-link');
    await givenUp;
    hasTab ||= practice || (await takeTab(examId, { steal, onLost: () => void giveUpTab() }));
    if (!hasTab) return showProblem('other-tab');
    try {
      await read();
    } catch (error) {
      if (error instanceof NetworkError) return showProblem('unreachable');
      // The seat's token has ended; the link may still open what is held against the candidate.
      if (error instanceof ApiError && token !== link && link) {
        token = link;
        return load();
      }
      return showProblem('bad-link', error instanceof ApiError ? error.message : null);
    }
  }

  async function read(): Promise<void> {
    let answer = await enter(seat?.userId ?? '');
    const { me } = answer;
    if (me.role !== 'PARTICIPANT') return showProblem(me.role === 'ANONYMOUS' ? 'bad-link' : 'staff-link');
    if (me.userId && me.userId !== seat?.userId) answer = await enter(me.userId);
    const { exam } = answer;
    if (!exam) return showProblem('bad-link');
    set({ exam, knownSeq: exam.lastSeq, participant: exam.participant, invitedAs: me.userId });
    sitting.prepare(exam);
    if (exam.status === 'CANCELLED') return showProblem('cancelled');
    if (practice) return beginCheckIn(exam);
    const isSeated = token !== link && exam.participant !== null;
    set({ isSeated });
    if (isSeated) start();
    arrive(exam, exam.participant, isSeated);
  }

  /** Where somebody is who has just loaded the page. */
  function arrive(exam: ExamFacts, participant: ParticipantFacts | null, isSeated: boolean): void {
    if (isSeated && participant) return obey(participant);
    if (hasLeft(participant?.status)) return set({ phase: { kind: 'ended' } });
    const problem = obstacleTo({ exam, participant, invitedAs: get().invitedAs, now: clock.now() });
    if (problem) return showProblem(problem);
    beginCheckIn(exam);
  }

  function beginCheckIn(exam: ExamFacts): void {
    const problem = obstacleOfBrowser(exam);
    if (problem) return showProblem(problem);
    set({ phase: { kind: 'check-in', step: 'welcome' } });
  }

  /** Another tab goes on: this one stops, and keeps nothing open. */
  async function giveUpTab(): Promise<void> {
    hasTab = false;
    stopFollowing();
    // Before anything is waited for: an answer that comes meanwhile would have this tab record again.
    showProblem('other-tab');
    givenUp = sitting.giveUp();
    await givenUp;
  }

  // --- the seat ------------------------------------------------------------------------------------------------------------------

  /** Starts the worker and the subscription, with the token of the seat. */
  function start(): void {
    const { participant } = get();
    if (!participant || !token) return;
    sitting.start(examId, participant, token);
    stopFollowing();
    stopFollowing = followExam({
      root,
      document: ask.Follow,
      examId,
      token: () => token,
      after: 0,
      onEvent: handle,
      onConnected: (isConnected) => set({ cutOffSince: isConnected ? null : (get().cutOffSince ?? clock.now()) }),
      onResync: readAgain,
    });
  }

  /** All that the log would have told, where it does not hold it any more. @returns the newest position of the log */
  async function readAgain(): Promise<number> {
    const seq = (await told.read()) ?? 0;
    for (const message of (await api.graphql(ask.ReadMessages, { examId })).messages) takeMessage(message);
    return seq;
  }

  function hear(presence: Presence): void {
    clock.measure(presence.serverTime, presence.roundTripMs);
    told.hear(presence);
  }

  function renew(next: string, expiresAt: string): void {
    token = next;
    const { participant } = get();
    if (participant) seats.keep({ userId: participant.userId, token: next, expiresAt });
  }

  // --- what the server says --------------------------------------------------------------------------------------------------------

  function take(participant: ParticipantFacts): void {
    set({ participant });
    const { phase } = get();
    if (phase.kind !== 'problem' && phase.kind !== 'loading') obey(participant);
  }

  /** Goes where the participant's status says. Who has handed in here stays out, although the server may not know yet. */
  function obey({ status }: ParticipantFacts): void {
    if (hasLeft(status)) {
      seats.setHandingIn(false);
      return leave();
    }
    if (seats.isHandingIn()) return set({ phase: { kind: 'ended' } });
    if (isSitting(status)) return sit(status === 'PAUSED');
    if (status === 'WAITING') return set({ phase: { kind: 'waiting' } });
    if (get().phase.kind !== 'check-in') set({ phase: { kind: 'check-in', step: 'welcome' } });
  }

  function sit(isPaused: boolean): void {
    const { exam, phase } = get();
    if (!exam) return;
    sitting.sit(exam, isPaused);
    if (phase.kind === 'exam') return;
    set({ phase: { kind: 'exam' } });
    void learnQuestions();
  }

  /** Where the questions are is told when the time begins; what is to be watched depends on it. */
  async function learnQuestions(): Promise<void> {
    while (get().phase.kind === 'exam') {
      try {
        await told.read();
        break;
      } catch {
        await new Promise((resolve) => {
          setTimeout(resolve, RETRY_MS);
        });
      }
    }
    const { exam, phase } = get();
    if (exam && phase.kind === 'exam') sitting.watch(exam);
  }

  function leave(): void {
    if (get().phase.kind === 'ended') return;
    set({ phase: { kind: 'ended' } });
    void sitting.leave();
  }

  // --- what the candidate does -----------------------------------------------------------------------------------------------------
  return {
    store,
    clock: clock as Pick<ServerClock, 'now' | 'ahead'>,
    /** Null until the exam is known. */
    get capture() {
      return sitting.capture;
    },

    load,
    /** Takes the exam from another tab. */
    takeOver: () => load({ steal: true }),

    /**
     * The candidate agrees to the notice, and joins if that was not done.
     * @param identity for the shared link; null where the link names the person
     * @throws ApiError, NetworkError
     */
    async agree(identity: { userId: string; name: string } | null): Promise<void> {
      const { exam, participant, invitedAs } = get();
      if (!exam) return;
      if (!practice) {
        if (!participant || token === link) await join(identity?.userId ?? invitedAs ?? '', identity?.name ?? null, identity !== null);
        const { acceptNotice } = await api.graphql(ask.AcceptNotice, { examId, version: exam.notice.version });
        set({ participant: acceptNotice });
        start();
        if (acceptNotice.status !== 'CHECKING_IN') return obey(acceptNotice);
      }
      await checkIn.goOn('welcome');
    },

    ...checkIn,

    /**
     * Takes the seat again, which a proctor has opened.
     * @throws ApiError `conflict` as long as nobody has
     */
    async comeBack(): Promise<void> {
      const participant = await join(get().invitedAs ?? '', null);
      start();
      set({ phase: { kind: 'check-in', step: 'welcome' } });
      obey(participant);
    },

    ...createRequests({ api, examId, userId: () => get().participant?.userId ?? '', takeAnswer: told.answer, takeMessage }),

    /** It is the person whom this browser remembers. */
    confirm: () => set({ mayBeAnother: false }),

    /** It is somebody else: the page begins anew, and asks who. What was recorded before stays with the one who was here. */
    forget(): void {
      seats.forget();
      location.reload();
    },

    /** Hands in: stops the recording, and has the worker send the rest, however long that takes. */
    async handIn(): Promise<void> {
      seats.setHandingIn(true);
      set({ phase: { kind: 'ended' } });
      await sitting.handIn();
    },
  };

  async function join(userId: string, name: string | null, isShared = false): Promise<ParticipantFacts> {
    const { joinExam } = await api.graphql(ask.Join, { examId, userId, name });
    token = joinExam.token;
    seats.keep({ userId, token, expiresAt: joinExam.expiresAt, ...(isShared && { isShared }) });
    set({ participant: joinExam.participant, isSeated: true });
    return joinExam.participant;
  }
}

export type Room = ReturnType<typeof createRoom>;
