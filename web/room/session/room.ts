import type { EnterQuery } from '../../generated/graphql.ts';
import { ApiError, createApi, NetworkError } from '../../shared/api.ts';
import { createStore, type Store } from '../../shared/store.ts';
import type { Capture, CaptureOptions } from '../capture/capture.ts';
import type { FromWorker, Signal } from '../worker/protocol.ts';
import { createServerClock, type ServerClock } from './clock.ts';
import { followExam, type RoomEvent } from './live.ts';
import { takeTab } from './only-tab.ts';
import * as ask from './operations.ts';
import {
  hasLeft,
  isSitting,
  type ExamFacts,
  type MessageFacts,
  type ParticipantFacts,
  type Problem,
  type RoomState,
  snapshotSecondsOf,
  type Step,
  stepsOf,
} from './room-state.ts';
import { findSeat, keepSeat } from './seats.ts';
import { startUplink, type Uplink } from './uplink.ts';

interface Options {
  /** The server's address, with a slash at the end. */
  root: URL;
  examId: string;
  /** What follows `#t=`; null if nothing does. */
  link: string | null;
  practice: boolean;
  createCapture(options: CaptureOptions): Capture;
}

/** What a picture shows, as far as it matters for a check-in. */
export interface PictureCheck {
  faces: number;
  advice: readonly string[];
}

const PHOTO_WIDTH = 1_280;

const FIRST: Omit<RoomState, 'practice'> = {
  phase: { kind: 'loading' },
  exam: null,
  participant: null,
  invitedAs: null,
  messages: [],
  cutOffSince: null,
  upload: null,
  lastChange: null,
  hasRecorded: false,
  snapshotUrl: null,
  fault: null,
};

/** One candidate's exam in this page, from the link to the receipt. It draws nothing: the views show its state. */
export function createRoom({ root, examId, link, practice, createCapture }: Options) {
  const store: Store<RoomState> = createStore<RoomState>({ ...FIRST, practice });
  const clock = createServerClock();
  const seat = practice ? null : findSeat(examId, link);
  let token: string | null = seat?.token ?? link;
  let capture: Capture | null = null;
  let uplink: Uplink | null = null;
  let stopFollowing = () => {};
  /** What the check-in sends at its end. */
  let photo: Blob | null = null;
  let isRecording = false;

  const api = createApi({ root, token: () => token });
  const { get, set } = store;

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
    if (!(await takeTab(examId, { steal, onLost: giveUpTab }))) return showProblem('other-tab');
    try {
      await read();
    } catch (error) {
      if (error instanceof NetworkError) return showProblem('unreachable');
      // The seat's token has ended; the link may still open what is held against the candidate.
      if (error instanceof ApiError && token !== link && link) {
        token = link;
        return load({ steal: true });
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
    set({ exam, participant: exam.participant, invitedAs: me.userId });
    capture ??= createCapture({
      wants: {
        camera: exam.settings.webcam || exam.settings.identityPhoto,
        microphone: exam.settings.audioRecording,
        screen: exam.settings.screenRecording,
      },
      now: clock.now,
      onChunk: ({ buffer, ...chunk }) => uplink?.post({ type: 'chunk', buffer, ...chunk }, [buffer]),
      onEvent: ({ type, details }) => report({ type, details, timestamp: clock.now() }),
    });
    if (practice) return set({ phase: { kind: 'check-in', step: 'welcome' } });
    if (exam.status === 'CANCELLED') return showProblem('cancelled');
    const isSeated = token !== link && exam.participant !== null;
    if (isSeated) start();
    arrive(exam, exam.participant, isSeated);
  }

  /** Where somebody is who has just loaded the page. */
  function arrive(exam: ExamFacts, participant: ParticipantFacts | null, isSeated: boolean): void {
    if (hasLeft(participant?.status)) return set({ phase: { kind: 'ended' } });
    if (isSeated && participant) return obey(participant);
    if (exam.status === 'COMPLETED') return showProblem('over');
    if (participant?.joinedAt) return showProblem('seat-taken');
    const now = clock.now();
    if (exam.opensAt && Date.parse(exam.opensAt) > now) return showProblem('not-open');
    if (exam.closesAt && Date.parse(exam.closesAt) <= now) return showProblem('closed');
    set({ phase: { kind: 'check-in', step: 'welcome' } });
  }

  /** Another tab goes on: this one stops, and keeps nothing open. */
  function giveUpTab(): void {
    stopFollowing();
    uplink?.close();
    uplink = null;
    isRecording = false;
    void capture?.close();
    capture = null;
    showProblem('other-tab');
  }

  // --- the seat ------------------------------------------------------------------------------------------------------------------

  /** Starts the worker and the subscription, with the token of the seat. */
  function start(): void {
    const { participant } = get();
    if (!participant || !token || uplink) return;
    uplink = startUplink(hear);
    uplink.post({
      type: 'start',
      root: root.href,
      seat: { examId, userId: participant.userId },
      token,
      heartbeat: !hasLeft(participant.status),
      snapshotSeconds: null,
    });
    stopFollowing = followExam({
      root,
      examId,
      token: () => token,
      after: 0,
      onEvent: handle,
      onConnected: (isConnected) => set({ cutOffSince: isConnected ? null : (get().cutOffSince ?? clock.now()) }),
      onResync: async () => {
        const { exam } = await enter(participant.userId);
        if (exam?.participant) take(exam.participant);
        return exam?.lastSeq ?? 0;
      },
    });
    addEventListener('online', () => uplink?.post({ type: 'wake' }));
    document.addEventListener('visibilitychange', () => uplink?.post({ type: 'wake' }));
  }

  function hear(message: FromWorker): void {
    switch (message.type) {
      case 'upload': {
        const hasRecorded = Object.values(message.state.streams).some(({ chunks }) => chunks > 0);
        return set({ upload: message.state, hasRecorded });
      }
      case 'presence': {
        const { serverTime, roundTripMs, endsAt, ...told } = message.presence;
        clock.measure(serverTime, roundTripMs);
        const { participant } = get();
        if (participant)
          take({ ...participant, ...told, endsAt: endsAt === null ? null : new Date(endsAt).toISOString() } as ParticipantFacts);
        return;
      }
      case 'snapshot-due':
        return void sendPicture();
      case 'renewed':
        return renew(message.token, message.expiresAt);
      case 'signed-out':
        return set({ fault: message.message });
      case 'refused':
        // What was recorded stays on the device, and the proctor is told by the worker.
        return set({ fault: message.what === 'snapshot' ? get().fault : message.message });
    }
  }

  function renew(next: string, expiresAt: string): void {
    token = next;
    const { participant } = get();
    if (participant) keepSeat(link, { examId, userId: participant.userId, token: next, expiresAt });
  }

  async function sendPicture(): Promise<void> {
    const takenAt = clock.now();
    const picture = (await capture?.takePicture({ maxWidth: 640 })) ?? null;
    const before = get().snapshotUrl;
    if (before) URL.revokeObjectURL(before);
    set({ snapshotUrl: picture && URL.createObjectURL(picture) });
    const image = picture && (await picture.arrayBuffer());
    uplink?.post({ type: 'snapshot', image, takenAt }, image ? [image] : []);
  }

  // --- what the server says --------------------------------------------------------------------------------------------------------

  function handle(event: RoomEvent): void {
    switch (event.__typename) {
      case 'ExamChanged':
        set({ exam: { ...get().exam, ...event.exam } });
        if (event.exam.status === 'CANCELLED') {
          void capture?.close();
          showProblem('cancelled');
        }
        return;
      case 'ParticipantChanged': {
        if (event.participant.userId !== get().participant?.userId) return;
        const { change } = event;
        if (change?.what === 'status') set({ lastChange: { what: 'status', to: change.to, reason: change.reason, at: event.at } });
        return take(event.participant);
      }
      case 'MessageSent':
        return takeMessage(event.message);
      default:
    }
  }

  function takeMessage(message: MessageFacts): void {
    const others = get().messages.filter(({ id }) => id !== message.id);
    set({ messages: [...others, message].toSorted((a, b) => a.sentAt.localeCompare(b.sentAt)) });
  }

  function take(participant: ParticipantFacts): void {
    set({ participant });
    const { phase } = get();
    if (phase.kind !== 'problem' && phase.kind !== 'loading') obey(participant);
  }

  /** Goes where the participant's status says. */
  function obey({ status }: ParticipantFacts): void {
    if (hasLeft(status)) return leave();
    if (isSitting(status)) return sit(status === 'PAUSED');
    if (status === 'WAITING') return set({ phase: { kind: 'waiting' } });
    if (get().phase.kind !== 'check-in') set({ phase: { kind: 'check-in', step: 'welcome' } });
  }

  function sit(isPaused: boolean): void {
    const { exam, phase } = get();
    if (!exam) return;
    if (phase.kind !== 'exam') set({ phase: { kind: 'exam' } });
    if (isRecording === !isPaused) return;
    isRecording = !isPaused;
    uplink?.post({ type: 'pace', heartbeat: true, snapshotSeconds: isPaused ? null : snapshotSecondsOf(exam) });
    if (isPaused) return void capture?.pause();
    capture?.record();
    // After a reload nothing is open. The screen needs a click, for which the view asks.
    if (capture && capture.getState().camera.state === 'off') void capture.openCamera();
  }

  function leave(): void {
    const wasHere = get().phase.kind === 'exam';
    if (get().phase.kind !== 'ended') set({ phase: { kind: 'ended' } });
    if (!isRecording && !wasHere) return;
    isRecording = false;
    void stopRecording();
  }

  async function stopRecording(): Promise<void> {
    uplink?.post({ type: 'pace', heartbeat: false, snapshotSeconds: null });
    await capture?.close();
    uplink?.post({ type: 'drain' });
  }

  // --- what the candidate does -----------------------------------------------------------------------------------------------------

  function report(signal: Signal): void {
    const { exam, participant } = get();
    if (practice || !exam || !isSitting(participant?.status)) return;
    const asked = exam.settings.signals;
    if (asked && !asked.includes(signal.type)) return;
    uplink?.post({ type: 'signal', signal });
  }

  function nextStep(after: Step): Step | null {
    const { exam } = get();
    if (!exam) return null;
    const steps = stepsOf(exam);
    return steps[steps.indexOf(after) + 1] ?? null;
  }

  /** @throws ApiError, NetworkError of the check-in, if that was the last step */
  async function goOn(from: Step): Promise<void> {
    const step = nextStep(from);
    if (step) return set({ phase: { kind: 'check-in', step } });
    if (practice) {
      await capture?.close();
      return set({ phase: { kind: 'practised' } });
    }
    await checkIn();
  }

  async function checkIn(): Promise<void> {
    const body = new FormData();
    body.set('device', JSON.stringify(describeDevice(capture, clock)));
    if (photo) body.set('photo', photo, 'photo.jpg');
    await api.rest(`/exams/${examId}/check-in`, { method: 'POST', body, timeoutMs: 60_000 });
    const { exam } = await enter(get().participant?.userId ?? '');
    if (exam?.participant) take(exam.participant);
  }

  const userId = () => get().participant?.userId ?? '';

  return {
    store,
    clock: clock as Pick<ServerClock, 'now' | 'ahead'>,
    /** Null until the exam is known. */
    get capture() {
      return capture;
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
        if (!participant || token === link) {
          const who = identity?.userId ?? invitedAs ?? '';
          const { joinExam } = await api.graphql(ask.Join, { examId, userId: who, name: identity?.name ?? null });
          renewFor(who, joinExam);
        }
        const { acceptNotice } = await api.graphql(ask.AcceptNotice, { examId, version: exam.notice.version });
        set({ participant: acceptNotice });
        start();
        if (acceptNotice.status !== 'CHECKING_IN') return obey(acceptNotice);
      }
      await goOn('welcome');
    },

    goOn,

    /** Looks whether a picture can be used; nothing is kept. @throws ApiError, NetworkError */
    async checkPicture(image: Blob): Promise<PictureCheck> {
      const headers = { 'content-type': 'image/jpeg' };
      const response = await api.rest(`/exams/${examId}/check-picture`, { method: 'POST', body: image, headers });
      return (await response.json()) as PictureCheck;
    },

    takePhoto: () => capture?.takePicture({ maxWidth: PHOTO_WIDTH }) ?? Promise.resolve(null),

    /** The picture that the check-in will send; null for one without. */
    usePhoto(image: Blob | null): void {
      photo = image;
    },

    /** Sends a recording to the server, which sends it back and keeps nothing. @throws ApiError, NetworkError */
    async echo(clip: Blob): Promise<Blob> {
      const headers = { 'content-type': clip.type.split(';')[0] ?? 'video/webm' };
      return (await api.rest(`/exams/${examId}/echo`, { method: 'POST', body: clip, headers, timeoutMs: 60_000 })).blob();
    },

    report,

    async raiseHand(text: string): Promise<void> {
      take((await api.graphql(ask.RaiseHand, { examId, text: text || null })).raiseHand);
    },
    async lowerHand(): Promise<void> {
      take((await api.graphql(ask.LowerHand, { examId })).lowerHand);
    },
    async send(text: string): Promise<void> {
      takeMessage((await api.graphql(ask.SendMessage, { examId, text })).sendMessage);
    },
    async markRead(messageId: string): Promise<void> {
      takeMessage((await api.graphql(ask.MarkRead, { messageId })).markMessageRead);
    },

    /** Hands in: stops the recording, and has the worker send the rest, however long that takes. */
    async handIn(): Promise<void> {
      isRecording = false;
      set({ phase: { kind: 'ended' } });
      uplink?.post({ type: 'pace', heartbeat: false, snapshotSeconds: null });
      await capture?.close();
      uplink?.post({ type: 'hand-in', stats: { endTime: new Date(clock.now()).toISOString() } });
    },

    /** The receipt, as far as there is one. @throws ApiError, NetworkError */
    readReceipt: async () => (await api.graphql(ask.Handed, { examId, userId: userId() })).exam?.participant?.submission ?? null,
    /** @throws ApiError, NetworkError */
    readFindings: async () => (await api.graphql(ask.Findings, { examId, userId: userId() })).exam?.participant ?? null,
    /** @throws ApiError, NetworkError */
    contest: (text: string) => api.graphql(ask.Contest, { examId, text }),
  };

  function renewFor(who: string, joined: { token: string; expiresAt: string; participant: ParticipantFacts }): void {
    token = joined.token;
    keepSeat(link, { examId, userId: who, token: joined.token, expiresAt: joined.expiresAt });
    set({ participant: joined.participant });
  }
}

export type Room = ReturnType<typeof createRoom>;

/** What the proctor is told of the device. */
function describeDevice(capture: Capture | null, clock: ServerClock): object {
  const { camera, microphone, screen: shared } = capture?.getState() ?? {};
  return {
    browser: navigator.userAgent,
    language: navigator.language,
    screen: { width: screen.width, height: screen.height, isExtended: (screen as { isExtended?: boolean }).isExtended ?? null },
    camera: camera?.label ?? null,
    microphone: microphone?.label ?? null,
    sharedScreen: shared?.label ?? null,
    clockAheadMs: Math.round(clock.ahead() ?? 0),
  };
}
