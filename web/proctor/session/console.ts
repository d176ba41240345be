import { ApiError, createApi, NetworkError } from '../../shared/api.ts';
import { followExam, isFinal } from '../../shared/follow.ts';
import { linkFrom } from '../../shared/link-from.ts';
import { createServerClock, type ServerClock } from '../../shared/server-clock.ts';
import { createStore } from '../../shared/store.ts';
import { keepSession, keptSession } from '../../staff/credential.ts';
import { saveFile } from '../../staff/save.ts';
import { createActions } from './actions.ts';
import { createInbox } from './inbox.ts';
import type { ConsoleEvent, ExamPulse, Me, PageOfPeople, WarningReason, WarningType } from './model.ts';
import * as ask from './operations.ts';
import { createRereads } from './rereads.ts';
import { createExamStore } from './store.ts';
import { FollowConsole, Pulse } from './subscriptions.ts';

/** What keeps the page from being a console. */
export type Problem = 'no-link' | 'bad-link' | 'not-staff' | 'gone' | 'revoked' | 'network';

export type Phase =
  | { kind: 'loading' }
  /** The bearer of a shared link says who it is. */
  | { kind: 'name' }
  | { kind: 'open' }
  | { kind: 'problem'; problem: Problem };

export interface ConsoleState {
  phase: Phase;
  me: Me | null;
  types: ReadonlyMap<string, WarningType>;
  /** Since when the connection is down, by `performance.now()`; null while it holds. */
  cutOffSince: number | null;
  /** After a cut: how many events were replayed; null while all is as usual. */
  replay: { events: number; isDone: boolean } | null;
  /** The newest position of the log that is shown, and since when, by `performance.now()`. */
  seq: number;
  seqAt: number;
}

interface Options {
  /** The server's address, with a slash at the end. */
  root: URL;
  examId: string;
  /** What follows `#t=`, or a school's key; null without either. */
  credential: string | null;
  /** Whether the credential is a school's key. */
  isKey: boolean;
}

/** As `me` calls the bearer of a link that names nobody. */
const NAMELESS = 'proctor link';
const STAFF: ReadonlySet<Me['role']> = new Set(['ADMIN', 'LMS', 'PROCTOR']);
const REPLAY_SHOWN_MS = 8_000;
/** A report with many pictures takes a while. */
const FILE_MS = 120_000;
/** How long a pulse may have been on its way: less exact than an answer, but it notices that this machine has slept. */
const PULSE_LATENCY_MS = 500;

/** One exam as a proctor watches it. It draws nothing: views show its stores, and call its methods. */
export function createConsole({ root, examId, credential, isKey }: Options) {
  const state = createStore<ConsoleState>({
    phase: { kind: 'loading' },
    me: null,
    types: new Map(),
    cutOffSince: null,
    replay: null,
    seq: 0,
    seqAt: performance.now(),
  });
  let token = credential && !isKey ? (keptSession(credential) ?? credential) : credential;
  const api = createApi({ root, token: () => token });
  const clock = createServerClock();
  const rereads = createRereads({ api, examId, asked: () => store.asked(), onExam: (facts) => store.setExam(facts) });
  const store = createExamStore({ onUnsure: rereads.add });
  let stop = () => {};

  const inbox = createInbox<ConsoleEvent>((events) => {
    store.apply(events);
    const seq = events.at(-1)?.seq ?? state.get().seq;
    const { replay } = state.get();
    state.set({
      seq,
      seqAt: performance.now(),
      ...(replay && !replay.isDone && { replay: { ...replay, events: replay.events + events.length } }),
    });
  });

  const showProblem = (problem: Problem) => {
    stop();
    state.set({ phase: { kind: 'problem', problem } });
  };

  function problemOf(error: unknown): Problem {
    if (!(error instanceof ApiError)) {
      if (error instanceof NetworkError) return 'network';
      throw error;
    }
    if (error.code === 'unauthorized') return 'bad-link';
    return error.code === 'forbidden' ? 'not-staff' : 'network';
  }

  /** Reads what is shown first. @returns the newest position of the log; null if there is nothing to watch */
  async function read(): Promise<number | null> {
    const sentAt = performance.now();
    const { me, warningTypes, exam } = await api.graphql(ask.Open, { examId });
    if (exam) clock.measure(Date.parse(exam.serverTime), performance.now() - sentAt);
    const types = new Map(warningTypes.map((one) => [one.type, one]));
    state.set({ me, types });
    if (!STAFF.has(me.role)) return leave('not-staff');
    if (!exam) return leave('gone');
    const { participants, warnings, messages, lastSeq, serverTime: _now, ...facts } = exam;
    store.clear();
    store.setExam(facts);
    store.setTotal(participants.totalCount);
    store.asked().putPeople(participants.edges.map(({ node }) => node));
    store.putEarlier(
      warnings.edges.map(({ node }) => node),
      warnings.pageInfo.hasPreviousPage,
    );
    store.putMessages(messages.edges.map(({ node }) => node));
    state.set({ seq: lastSeq, seqAt: performance.now() });
    if (participants.totalCount > participants.edges.length) void readRest();
    return lastSeq;
  }
  const leave = (problem: Problem) => {
    showProblem(problem);
    return null;
  };

  /** The people who are not shown first, page by page. */
  async function readRest(): Promise<void> {
    try {
      for (let after: string | null = null; ;) {
        const asked = store.asked();
        const { exam }: { exam: PageOfPeople | null } = await api.graphql(ask.MorePeople, { examId, after });
        if (!exam) return;
        asked.putPeople(exam.participants.edges.map(({ node }) => node));
        if (!exam.participants.pageInfo.hasNextPage) return;
        after = exam.participants.pageInfo.endCursor;
      }
    } catch (error) {
      if (error instanceof NetworkError) setTimeout(() => void readRest(), 5_000);
      else throw error;
    }
  }

  /** Why the connection does not come back, if it is for good. */
  async function lookWhy(): Promise<void> {
    try {
      const { exam } = await api.graphql(ask.Counts, { examId });
      if (!exam) showProblem('gone');
    } catch (error) {
      if (!(error instanceof NetworkError) && problemOf(error) === 'bad-link') showProblem('revoked');
    }
  }

  function follow(after: number): void {
    stop();
    stop = followExam({
      root,
      document: FollowConsole,
      examId,
      token: () => token,
      after,
      onEvent: inbox.add,
      onConnected(isConnected, code) {
        if (isConnected) {
          const wasCut = state.get().cutOffSince !== null;
          return state.set({ cutOffSince: null, ...(wasCut && { replay: { events: 0, isDone: false } }) });
        }
        if (isFinal(code)) return showProblem('revoked');
        state.set({ cutOffSince: state.get().cutOffSince ?? performance.now(), replay: null });
        void lookWhy();
      },
      async onResync() {
        inbox.clear();
        return (await read()) ?? 0;
      },
      alongside: (client) =>
        void client.subscribe<{ examPulse: ExamPulse }>(
          { query: Pulse.toString(), variables: { examId } },
          { next: ({ data }) => data && hear(data.examPulse), error: () => {}, complete: () => {} },
        ),
    });
  }

  function hear(pulse: ExamPulse): void {
    clock.measure(Date.parse(pulse.at), PULSE_LATENCY_MS);
    store.setPulse(pulse);
    const { replay, seq } = state.get();
    if (!replay || replay.isDone || seq < pulse.lastSeq) return;
    state.set({ replay: { ...replay, isDone: true } });
    setTimeout(() => state.set({ replay: null }), REPLAY_SHOWN_MS);
  }

  async function load(): Promise<void> {
    if (!token) return showProblem('no-link');
    try {
      const seq = await read();
      if (seq === null) return;
      if (!isKey && state.get().me?.name === NAMELESS) return state.set({ phase: { kind: 'name' } });
      state.set({ phase: { kind: 'open' } });
      follow(seq);
    } catch (error) {
      const problem = problemOf(error);
      // A name that was kept may have ended before the link.
      if (problem === 'bad-link' && credential && token !== credential) {
        keepSession(credential, null);
        token = credential;
        return load();
      }
      showProblem(problem);
    }
  }

  return {
    examId,
    api,
    root,
    isKey,
    state,
    store,
    clock: clock as Pick<ServerClock, 'now'>,
    /** A signed link of the server, by the address under which this page has it. */
    here: (link: string) => linkFrom(root, link),
    /** Reads one person again, as for a new link to its picture. */
    reread: (person: string) => rereads.add({ person }),
    token: () => token,
    ...createActions({ api, examId, store }),

    load,

    /** The bearer of a shared link says who it is. @throws ApiError, NetworkError */
    async enter(name: string): Promise<void> {
      const { enterConsole } = await api.graphql(ask.EnterConsole, { examId, name });
      token = enterConsole.token;
      if (credential) keepSession(credential, enterConsole);
      await load();
    },

    /** A file of the exam's, offered as a download. @param path behind the exam's own @throws ApiError, NetworkError */
    async download(path: string, name: string): Promise<void> {
      const answer = await api.rest(`/exams/${encodeURIComponent(examId)}${path}`, { timeoutMs: FILE_MS });
      saveFile(name, await answer.blob());
    },

    /** Why a warning was raised, with its picture; null if there is no such warning any more. @throws ApiError, NetworkError */
    async readReason(id: string): Promise<WarningReason | null> {
      const { node, warningRecord: records } = await api.graphql(ask.Reason, { id, examId });
      return node && 'visibleToCandidate' in node ? ({ ...node, records } as WarningReason) : null;
    },

    /** Older warnings than those that are known. @throws ApiError, NetworkError */
    async readEarlier(): Promise<void> {
      const { warnings, hasEarlier } = store.feed.get();
      if (!hasEarlier) return;
      const { exam } = await api.graphql(ask.EarlierWarnings, { examId, beforeSeq: warnings[0]?.seq ?? null });
      if (!exam) return;
      store.putEarlier(
        exam.warnings.edges.map(({ node }) => node),
        exam.warnings.pageInfo.hasPreviousPage,
      );
    },
  };
}

export type ProctorConsole = ReturnType<typeof createConsole>;
