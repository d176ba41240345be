import { createApi } from '../../shared/api.ts';
import { createClock } from './clock.ts';
import { createDatabase, StorageError } from './database.ts';
import { createHandIn } from './hand-in.ts';
import { createHeartbeat } from './heartbeat.ts';
import { createJournal } from './journal.ts';
import { createOutbox } from './outbox.ts';
import type { Outcome } from './outcome.ts';
import type { FromWorker, Presence, ToWorker, UploadState } from './protocol.ts';
import { createQueue } from './queue.ts';
import { createRecordings } from './recordings.ts';
import { createSnapshots } from './snapshots.ts';
import { createStreams, type NewChunk } from './streams.ts';
import { createUploader } from './uploader.ts';

type Start = Extract<ToWorker, { type: 'start' }>;
/** All but `stop`, which ends the worker itself. */
export type SeatMessage = Exclude<ToWorker, { type: 'stop' }>;

/** Two and a half minutes of camera and screen at the bit rates of the room are 20 MB. */
const MEMORY_BYTES = 64 * 1024 * 1024;
const STATE_MS = 250;
/** What waits for its own time is looked for that often. */
const LOOK_MS = 5_000;
/** A database that cannot be opened for so long is done without. */
const OPEN_TRIES = 5;

export interface SeatOptions {
  start: Start;
  post(message: FromWorker): void;
  database?: ReturnType<typeof createDatabase>;
  memoryBytes?: number;
  heartbeatMs?: number;
  /** Waits after a failure, for tests. */
  pause?: (attempts: number) => number;
}

/**
 * Everything that is done for one candidate in one exam: keeps what comes, sends it in the order of what matters most, and tells how
 * far it is.
 */
export function createSeatWorker({
  start,
  post,
  database = createDatabase(),
  memoryBytes = MEMORY_BYTES,
  heartbeatMs,
  pause,
}: SeatOptions) {
  const { seat } = start;
  let { token } = start;
  let offlineSince: number | null = null;
  let heardAt: number | null = null;
  let isSignedOut = false;
  let isStopped = false;
  let duties = 0;
  let stateTimer: ReturnType<typeof setTimeout> | null = null;
  const refused = new Set<string>();
  const clock = createClock();
  const api = createApi({ root: new URL(start.root), token: () => token });

  function state(): UploadState {
    const storageFault = journal.fault;
    const { handedIn, submitted } = handIn.state;
    return {
      offlineSince,
      streams: streams.states(),
      hasRecorded: streams.hasRecorded,
      isStored: storageFault === null,
      storageFault,
      signals: outbox.count,
      handedIn,
      duties,
      submitted,
    };
  }

  let told = '';
  function onChange(): void {
    stateTimer ??= setTimeout(() => {
      stateTimer = null;
      const now = state();
      const text = JSON.stringify(now);
      if (text !== told) post({ type: 'upload', state: now });
      told = text;
    }, STATE_MS);
  }

  /** The same refusal of one thing after the other is told once. */
  function onRefused(what: Extract<FromWorker, { type: 'refused' }>['what'], { code, message }: { code: string; message: string }): void {
    if (refused.has(`${what} ${code}`)) return;
    refused.add(`${what} ${code}`);
    post({ type: 'refused', what, code, message });
  }

  function onGap(details: string): void {
    void outbox.add({ type: 'evidence_gap', details, timestamp: clock.now() }).then(queue.poke);
  }

  /** Every answer says that the line holds, whatever it says. */
  function onOutcome(outcome: Outcome): void {
    const isUnanswered = outcome.kind === 'passing' && outcome.isOffline;
    if (!isUnanswered && outcome.kind !== 'passing') heardAt = clock.now();
    if (isUnanswered) offlineSince ??= heardAt ?? clock.now();
    else if (outcome.kind !== 'passing') offlineSince = null;
    if (outcome.kind === 'signed-out' && !isSignedOut) {
      isSignedOut = true;
      heartbeat.set(false);
      post({ type: 'signed-out', message: outcome.message });
    }
    onChange();
  }

  const journal = createJournal({ database, memoryBytes, onChange });
  const streams = createStreams({ seat, database, journal, onChange, onMoved: (kind, by) => handIn.move(kind, by) });
  const recordings = createRecordings({ api, seat });
  const uploader = createUploader({
    recordings,
    streams,
    onRefused: ({ what, code, message }) => post({ type: 'refused', what, code, message }),
    onFormatRefused: (refused) => post({ type: 'format-refused', ...refused }),
    onGap,
    // Timers may be a little early.
    onLater: (ms) => void setTimeout(() => queue.poke(), ms + 5),
    ...(pause && { pause }),
  });
  const outbox = createOutbox({ seat, api, journal, onChange, onRefused: (final) => onRefused('signal', final) });
  const snapshots = createSnapshots({
    seat,
    api,
    onDue: () => post({ type: 'snapshot-due' }),
    onRefused: (final) => onRefused('snapshot', final),
  });
  const handIn = createHandIn({
    ...{ seat, api, journal, recordings, streams, uploader, onChange },
    signals: () => outbox.count,
    onRefused: (final) => onRefused('hand-in', final),
  });
  const queue = createQueue({
    lanes: [handIn.lane, outbox.lane, snapshots.lane, uploader.lane('webcam'), uploader.lane('screen')],
    onOutcome,
    ...(pause && { pause }),
  });
  let wasUnanswered = false;
  const heartbeat = createHeartbeat({
    seat,
    api,
    ...(heartbeatMs && { everyMs: heartbeatMs }),
    onPresence(presence: Presence) {
      clock.hear(presence.serverTime, presence.roundTripMs);
      post({ type: 'presence', presence });
    },
    onRenewed(renewed) {
      token = renewed.token;
      post({ type: 'renewed', ...renewed });
    },
    onOutcome(outcome) {
      const isUnanswered = outcome.kind === 'passing' && outcome.isOffline;
      onOutcome(outcome);
      if (outcome.kind === 'ok' && wasUnanswered) {
        uploader.retry();
        queue.wake();
      }
      wasUnanswered = isUnanswered;
    },
  });

  const openPause = pause ?? ((attempt: number) => Math.min(30_000, 500 * 2 ** attempt));

  /** Takes up what an earlier page left. @returns whether that is known now */
  async function load(): Promise<boolean> {
    try {
      const kept = await database.load(seat);
      const isBehind = streams.all().length > 0 && (kept.streams.length > 0 || kept.duty !== null);
      // Too late: the same indexes are in use. The next page takes it up.
      if (isBehind) return true;
      if (streams.all().length === 0) streams.adopt(kept);
      outbox.adopt(kept.signals);
      if (kept.duty) handIn.adopt(kept.duty);
      journal.resume();
      return true;
    } catch (error) {
      journal.suspend(error instanceof StorageError ? error : new StorageError(error));
      return false;
    }
  }

  /** Without a database it goes on in memory after a while, and tries further. */
  async function open(attempt = 0): Promise<void> {
    if (isStopped || (await load())) return;
    const again = new Promise((resolve) => {
      setTimeout(resolve, openPause(attempt));
    }).then(() => open(attempt + 1));
    if (attempt < OPEN_TRIES) await again;
  }

  let pace = { heartbeat: start.heartbeat, snapshotSeconds: start.snapshotSeconds };
  function setPace(): void {
    heartbeat.set(pace.heartbeat && !isSignedOut);
    snapshots.every(isSignedOut ? null : pace.snapshotSeconds);
  }

  const loaded = open().then(() => {
    onChange();
    queue.poke();
  });
  setPace();
  const look = setInterval(queue.poke, LOOK_MS);

  let lost = 0;
  async function keep(chunk: NewChunk): Promise<void> {
    if (chunk.buffer.byteLength === 0) return;
    clock.assume(chunk.startedAt + chunk.durationMs);
    await loaded;
    if (await streams.add(chunk)) {
      lost = 0;
      return;
    }
    void streams.lose(chunk.kind, 1);
    // One signal for each stretch that is lost.
    lost += 1;
    if (lost === 1) onGap(`The ${chunk.kind} recording: the device keeps nothing, and its memory is full (${journal.fault ?? ''})`);
  }

  /** Messages in the order in which they came: nothing is handed in before the chunks that came first are kept. */
  let tail: Promise<unknown> = loaded;
  function inTurn(work: () => Promise<unknown>): void {
    tail = tail
      .then(work)
      .catch((error: unknown) => console.error(error))
      .finally(queue.poke);
  }

  async function begin(submits: boolean, stats: Record<string, unknown>): Promise<void> {
    await handIn.begin(submits, stats);
    duties += 1;
    onChange();
  }

  const handlers: { [Type in SeatMessage['type']]: (message: Extract<SeatMessage, { type: Type }>) => void } = {
    start(message) {
      handlers.token({ type: 'token', token: message.token });
      handlers.pace({ type: 'pace', heartbeat: message.heartbeat, snapshotSeconds: message.snapshotSeconds });
    },
    token(message) {
      token = message.token;
      isSignedOut = false;
      uploader.retry();
      queue.release();
      setPace();
    },
    begin: ({ kind }) => inTurn(() => streams.expect(kind)),
    chunk: (message) => inTurn(() => keep(message)),
    signal: ({ signal }) => inTurn(() => outbox.add(signal)),
    snapshot({ image, takenAt }) {
      if (image) snapshots.add({ image, takenAt });
      queue.poke();
    },
    pace(message) {
      pace = { heartbeat: message.heartbeat, snapshotSeconds: message.snapshotSeconds };
      setPace();
    },
    step: ({ step }) => heartbeat.setStep(step),
    'hand-in': ({ stats }) => inTurn(() => begin(true, stats)),
    drain: () => inTurn(() => begin(false, {})),
    wake() {
      journal.retry();
      uploader.retry();
      heartbeat.now();
      queue.wake();
    },
  };

  return {
    handle(message: SeatMessage): void {
      (handlers[message.type] as (message: SeatMessage) => void)(message);
    },
    /** Resolves when everything given so far is kept. */
    settled: () => tail,
    /** Stops everything; what is kept stays. */
    async stop(): Promise<void> {
      isStopped = true;
      clearInterval(look);
      if (stateTimer) clearTimeout(stateTimer);
      heartbeat.set(false);
      snapshots.stop();
      queue.stop();
      await tail;
      journal.stop();
      database.close();
    },
  };
}

export type SeatWorker = ReturnType<typeof createSeatWorker>;
