import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FakeRoom } from './helpers/fake-room.ts';
import { createDatabase, newRoom, openRoomDatabase, openSeat } from './helpers/seat.ts';

let room: FakeRoom;
beforeEach(() => {
  room = newRoom();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

const seats = { ada: { examId: 'exam_1', userId: 'ada' }, bob: { examId: 'exam_2', userId: 'bob' } };

/** Makes every put fail like a full disk until the returned function is called. */
function fillDisk(): () => void {
  const { put } = IDBObjectStore.prototype;
  const spy = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
    throw new DOMException('The disk is full', 'QuotaExceededError');
  });
  return () => {
    spy.mockRestore();
    expect(IDBObjectStore.prototype.put).toBe(put);
  };
}

describe('what was recorded', () => {
  it('is on the device before it is sent, survives a kill, and goes on in the same recording', async () => {
    const first = openSeat();
    first.chunk('webcam', 'a');
    await first.until(({ streams }) => streams.webcam?.sent === 1);
    room.fail(() => 'no answer');
    for (const text of ['b', 'c']) first.chunk('webcam', text);
    await first.worker.settled();
    first.kill();
    const second = openSeat();
    second.chunk('webcam', 'd');
    await second.worker.settled();
    second.kill();
    room.fail(() => null);
    const third = openSeat();
    third.chunk('webcam', 'e');
    const state = await third.until(({ streams }) => streams.webcam?.sent === 5);
    expect(room.stored('webcam')).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(room.recordings).toHaveLength(1);
    expect(state.streams.webcam).toMatchObject({ chunks: 5, recordingId: 'rec_0' });
    const db = await openRoomDatabase();
    expect(await db.count('chunks')).toBe(0);
    db.close();
  });

  it('has an index that is never given twice, also if the answer was lost and the page killed each time', async () => {
    const texts = Array.from({ length: 8 }, (_, i) => `chunk ${i}`);
    for (const [index, text] of texts.entries()) {
      const seat = openSeat();
      room.fail((request) => (request === `PUT webcam ${index}` ? 'answer lost' : null));
      seat.chunk('webcam', text);
      await expect.poll(() => room.stored('webcam')).toContain(text);
      seat.kill();
    }
    room.fail(() => null);
    await openSeat().until(({ streams }) => streams.webcam?.sent === 8);
    expect(room.stored('webcam')).toEqual(texts);
  });

  it('is counted with its chunk, whatever is written to the device in between', async () => {
    const database = createDatabase();
    const holes: number[] = [];
    let written: Promise<unknown> = Promise.resolve();
    async function write(...change: Parameters<typeof database.write>): Promise<void> {
      await written;
      await database.write(...change);
      const db = await openRoomDatabase();
      const record = await db.get('streams', ['exam_1', 'user_1', 'webcam']);
      const chunks = await db.countFromIndex(
        'chunks',
        'facts',
        IDBKeyRange.bound(['exam_1', 'user_1', 'webcam'], ['exam_1', 'user_1', 'webcam', []]),
      );
      holes.push((record?.nextIndex ?? 0) - (record?.acknowledged ?? 0) - chunks);
      db.close();
    }
    const missing = new Set(['PUT webcam 0', 'PUT screen 0']);
    room.fail((request) => (missing.has(request) ? 'no answer' : null));
    const seat = openSeat({ database: { ...database, write } });
    seat.chunk('webcam', 'a');
    seat.chunk('screen', 'of the screen');
    await seat.until(({ streams }) => Boolean(streams.webcam?.recordingId && streams.screen?.recordingId));
    // The device is slow with one change; then come a chunk, and an acknowledgement, which makes room and so goes first.
    let goOn = () => {};
    written = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    missing.delete('PUT screen 0');
    await seat.until(({ streams }) => streams.screen?.sent === 1);
    seat.chunk('webcam', 'b');
    missing.delete('PUT webcam 0');
    await seat.until(({ streams }) => streams.webcam?.sent === 1);
    goOn();
    await seat.until(({ streams }) => streams.webcam?.sent === 2);
    await seat.worker.settled();
    expect(holes.length).toBeGreaterThan(4);
    expect(new Set(holes)).toEqual(new Set([0]));
  });

  it('of several exams and people in one browser stays apart', async () => {
    room.fail(() => 'no answer');
    for (const [name, seat] of Object.entries(seats)) {
      const opened = openSeat({ seat });
      opened.chunk('webcam', `${name} 0`);
      opened.chunk('screen', `${name} 0`);
      opened.worker.handle({ type: 'signal', signal: { type: `of ${name}`, details: '', timestamp: 1 } });
      await opened.worker.settled();
      opened.kill();
    }
    room.fail(() => null);
    const bob = openSeat({ seat: seats.bob });
    await bob.until(({ streams, signals }) => streams.webcam?.sent === 1 && streams.screen?.sent === 1 && signals === 0);
    expect(room.stored('webcam')).toEqual(['bob 0']);
    expect(room.signals.map(({ type }) => type)).toEqual(['of bob']);
    const ada = openSeat({ seat: seats.ada });
    await ada.until(({ streams, signals }) => streams.webcam?.sent === 1 && streams.screen?.sent === 1 && signals === 0);
    expect(room.stored('webcam')).toEqual(['bob 0', 'ada 0']);
  });

  it('in hours offline is sent in its order, once the line is back', async () => {
    room.fail(() => 'no answer');
    const before = openSeat();
    const texts = Array.from({ length: 900 }, (_, i) => `chunk ${i}`);
    for (const text of texts) before.chunk('screen', text);
    await before.worker.settled();
    before.kill();
    const seat = openSeat();
    const waiting = await seat.until(({ streams, offlineSince }) => streams.screen?.chunks === 900 && offlineSince !== null);
    expect(waiting.streams.screen).toMatchObject({ sent: 0, sentUpTo: null, waitingMs: 900 * 4_000 });
    room.fail(() => null);
    seat.worker.handle({ type: 'wake' });
    await seat.until(({ streams }) => streams.screen?.sent === 900);
    expect(room.stored('screen')).toEqual(texts);
  });
});

describe('the end of a long outage', () => {
  it('of three hours costs each chunk one read and one deletion, and leaves no answer unread', async () => {
    const each = 2_700;
    room.fail(() => 'no answer');
    const seat = openSeat();
    for (let i = 0; i < each; i++) for (const kind of ['webcam', 'screen'] as const) seat.chunk(kind, `${kind} ${i}`);
    await seat.worker.settled();
    await seat.until(({ streams }) => streams.webcam?.chunks === each && streams.screen?.chunks === each);
    const get = vi.spyOn(IDBObjectStore.prototype, 'get');
    const remove = vi.spyOn(IDBObjectStore.prototype, 'delete');
    const transaction = vi.spyOn(IDBDatabase.prototype, 'transaction');
    room.requests.length = 0;
    room.fail(() => null);
    seat.worker.handle({ type: 'hand-in', stats: {} });
    seat.worker.handle({ type: 'wake' });
    const { streams } = await seat.until(({ handedIn }) => handedIn === 'done');
    for (const kind of ['webcam', 'screen'] as const) {
      expect(streams[kind]).toMatchObject({ isComplete: true, sent: each, waitingBytes: 0 });
      expect(room.stored(kind)).toEqual(Array.from({ length: each }, (_, i) => `${kind} ${i}`));
    }
    // Numbers: to print the calls of a mock that differs takes more memory than there is.
    expect(get.mock.calls.length).toBe(2 * each);
    expect(remove.mock.calls.length).toBe(2 * each);
    // One to read it, one to delete it; the duty and the recordings take a few.
    expect(transaction.mock.calls.length).toBeLessThan(4 * each + 20);
    expect(room.requests.length).toBeLessThan(2 * each + 20);
    expect(room.unread()).toBe(0);
  });

  it('is noticed by a heartbeat, and what failed again and again is sent at once', async () => {
    // Of a pause after the outage the test would not see the end.
    let pauses = 0;
    const seat = openSeat({ heartbeatMs: 20, pause: (attempts) => (attempts < 6 ? 5 : 3_600_000 + (pauses += 1)) });
    seat.worker.handle({ type: 'pace', heartbeat: true, snapshotSeconds: null });
    room.fail(() => 'no answer');
    for (const text of ['a', 'b', 'c']) seat.chunk('webcam', text);
    await expect.poll(() => pauses).toBeGreaterThan(0);
    room.fail(() => null);
    await seat.until(({ streams, offlineSince }) => streams.webcam?.sent === 3 && offlineSince === null);
    expect(room.stored('webcam')).toEqual(['a', 'b', 'c']);
  });
});

describe('a device that keeps nothing', () => {
  it('because it is full: it is told, the line goes on from memory, and it is kept as soon as there is room', async () => {
    const seat = openSeat();
    await seat.worker.settled();
    const empty = fillDisk();
    room.fail(() => 'no answer');
    for (const text of ['a', 'b', 'c']) seat.chunk('webcam', text);
    const full = await seat.until(({ isStored }) => !isStored);
    expect(full.storageFault).toContain('QuotaExceededError');
    expect(full.streams.webcam).toMatchObject({ chunks: 3, waitingBytes: 3 });
    empty();
    const mended = await seat.until(({ isStored }) => isStored);
    expect(mended.storageFault).toBeNull();
    seat.kill();
    room.fail(() => null);
    await openSeat().until(({ streams }) => streams.webcam?.sent === 3);
    expect(room.stored('webcam')).toEqual(['a', 'b', 'c']);
  });

  it('sends from memory meanwhile', async () => {
    const seat = openSeat();
    await seat.worker.settled();
    fillDisk();
    for (const text of ['a', 'b']) seat.chunk('webcam', text);
    await seat.until(({ streams }) => streams.webcam?.sent === 2);
    expect(room.stored('webcam')).toEqual(['a', 'b']);
  });

  it('and whose memory is full loses the newest, which the proctor learns; nothing before it', async () => {
    const seat = openSeat({ memoryBytes: 3 });
    await seat.worker.settled();
    const empty = fillDisk();
    room.fail(() => 'no answer');
    for (const text of ['a', 'b', 'c', 'd', 'e']) seat.chunk('webcam', text);
    await seat.worker.settled();
    empty();
    await seat.until(({ isStored }) => isStored);
    room.fail(() => null);
    seat.chunk('webcam', 'f');
    seat.worker.handle({ type: 'wake' });
    await seat.until(({ streams, signals }) => streams.webcam?.sent === 4 && signals === 0);
    expect(room.stored('webcam')).toEqual(['a', 'b', 'c', 'f']);
    expect(room.signals).toMatchObject([{ type: 'evidence_gap', details: expect.stringContaining('memory is full') }]);
    seat.worker.handle({ type: 'hand-in', stats: {} });
    const end = await seat.until(({ handedIn }) => handedIn === 'done');
    expect(end.streams.webcam).toMatchObject({ sent: 4, refused: 0, lost: 2 });
  });

  it('for a moment: a database that the browser closed is opened again', async () => {
    let opened = 0;
    let end = () => {};
    const database = createDatabase(async (onEnd) => {
      opened += 1;
      if (opened === 2) throw new DOMException('Internal error opening backing store for indexedDB.open.', 'UnknownError');
      const db = await openRoomDatabase(onEnd);
      end = () => {
        db.close();
        onEnd?.();
      };
      return db;
    });
    const seat = openSeat({ database });
    room.fail(() => 'no answer');
    seat.chunk('webcam', 'a');
    await seat.worker.settled();
    end();
    seat.chunk('webcam', 'b');
    const broken = await seat.until(({ isStored }) => !isStored);
    expect(broken.storageFault).toContain('backing store');
    await seat.until(({ isStored }) => isStored);
    seat.kill();
    room.fail(() => null);
    await openSeat().until(({ streams }) => streams.webcam?.sent === 2);
    expect(room.stored('webcam')).toEqual(['a', 'b']);
  });

  it('from the beginning: nothing of an earlier page is overwritten, and what is recorded is sent from memory', async () => {
    room.fail(() => 'no answer');
    const before = openSeat();
    before.chunk('webcam', 'left');
    await before.worker.settled();
    before.kill();
    room.fail(() => null);
    let isBroken = true;
    const seat = openSeat({
      database: createDatabase((onEnd) =>
        isBroken ? Promise.reject(new DOMException('Connection to Indexed Database server lost', 'UnknownError')) : openRoomDatabase(onEnd),
      ),
    });
    seat.chunk('webcam', 'new');
    const state = await seat.until(({ streams }) => streams.webcam?.sent === 1);
    expect(state).toMatchObject({ isStored: false });
    isBroken = false;
    seat.kill();
    await openSeat().until(({ streams }) => streams.webcam?.sent === 1);
    expect(room.stored('webcam')).toEqual(['new', 'left']);
  });

  it('and sent more than it kept: the next page goes on behind what the server has', async () => {
    const first = openSeat();
    first.chunk('webcam', 'a');
    await first.until(({ streams }) => streams.webcam?.sent === 1);
    const empty = fillDisk();
    for (const text of ['b', 'c']) first.chunk('webcam', text);
    await first.until(({ streams }) => streams.webcam?.sent === 3);
    first.kill();
    empty();
    room.fail(() => 'no answer');
    const second = openSeat();
    for (const text of ['d', 'e']) second.chunk('webcam', text);
    await second.worker.settled();
    room.fail(() => null);
    second.worker.handle({ type: 'wake' });
    await expect.poll(() => room.stored('webcam')).toEqual(['a', 'b', 'c', 'd', 'e']);
  });
});
