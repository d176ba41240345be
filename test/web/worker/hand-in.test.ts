import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { eventually } from '../../helpers/patience.ts';
import type { FakeRoom } from './helpers/fake-room.ts';
import { newRoom, openSeat, refusals } from './helpers/seat.ts';

let room: FakeRoom;
beforeEach(() => {
  room = newRoom();
});
afterEach(() => vi.unstubAllGlobals());

const done = ({ handedIn }: { handedIn: string }) => handedIn === 'done';

/** Lets time pass for the worker, whose clock then stands until the end of the test. */
function letPass(ms: number): void {
  const later = performance.now() + ms;
  const now = vi.spyOn(performance, 'now').mockImplementation(() => later);
  onTestFinished(() => now.mockRestore());
}

describe('a hand-in', () => {
  it('ends the sitting at once, and is done when the server has everything that was given before', async () => {
    const seat = openSeat();
    room.fail((request) => (request.startsWith('PUT') ? 'no answer' : null));
    for (const text of ['a', 'b', 'c']) seat.chunk('webcam', text);
    seat.chunk('screen', 's');
    seat.worker.handle({ type: 'signal', signal: { type: 'tab_switch', details: '', timestamp: 1 } });
    seat.worker.handle({ type: 'hand-in', stats: { answers: 7 } });
    const submitted = await seat.until((state) => state.submitted && state.offlineSince !== null);
    expect(submitted).toMatchObject({ handedIn: 'waiting', streams: { webcam: { sent: 0, isComplete: false } } });
    expect(room.submissions).toMatchObject([{ stats: { answers: 7 } }]);
    room.fail(() => null);
    seat.worker.handle({ type: 'hand-in', stats: {} });
    seat.worker.handle({ type: 'wake' });
    const end = await seat.until(done);
    expect(end.streams).toMatchObject({ webcam: { isComplete: true, sent: 3 }, screen: { isComplete: true, sent: 1 } });
    expect(room.recordings.map(({ expected }) => expected)).toEqual([3, 1]);
    expect(room.submissions).toHaveLength(1);
    expect(room.signals).toHaveLength(1);
  });

  it('without a line starts the recordings before it ends the sitting, after which they would be refused', async () => {
    const seat = openSeat();
    room.fail(() => 'no answer');
    seat.chunk('webcam', 'a');
    seat.chunk('screen', 's');
    seat.worker.handle({ type: 'hand-in', stats: {} });
    await seat.until(({ handedIn, offlineSince }) => handedIn === 'waiting' && offlineSince !== null);
    room.fail(() => null);
    await seat.until(done);
    expect(room.stored('webcam')).toEqual(['a']);
    expect(room.stored('screen')).toEqual(['s']);
    expect(refusals(seat)).toEqual([]);
  });

  it('just after an outage sends at once what that had put off for minutes', async () => {
    const tries = 3;
    // A chunk that failed once more than that waits for ever; the queue does not.
    const seat = openSeat({ pause: (attempts) => (attempts > tries ? 1e8 : 5) });
    seat.chunk('webcam', 'a');
    await seat.until(({ streams }) => streams.webcam?.sent === 1);
    let failed = 0;
    const isPutOff = new Promise<void>((resolve) => {
      room.fail((request) => {
        if (!request.startsWith('PUT') || failed > tries) return null;
        if ((failed += 1) > tries) resolve();
        return 'no answer';
      });
    });
    seat.chunk('webcam', 'b');
    await isPutOff;
    seat.worker.handle({ type: 'hand-in', stats: {} });
    await seat.until(done);
    expect(room.stored('webcam')).toEqual(['a', 'b']);
  });

  it('goes on after a kill at any moment, and is one submission', async () => {
    const steps = ['START webcam', 'SUBMIT', 'PUT webcam 0', 'FINISH webcam', 'ASK webcam'];
    const first = openSeat();
    room.fail(() => 'no answer');
    for (const text of ['a', 'b']) first.chunk('webcam', text);
    first.worker.handle({ type: 'hand-in', stats: { answers: 1 } });
    await first.worker.settled();
    first.kill();
    for (const step of steps) {
      let came = () => {};
      const there = new Promise<void>((resolve) => {
        came = resolve;
      });
      room.fail((request) => {
        if (request !== step) return null;
        came();
        return 'answer lost';
      });
      const seat = openSeat();
      await Promise.race([there, seat.until(done)]);
      seat.kill();
    }
    room.fail(() => null);
    const end = await openSeat().until(done);
    expect(end.streams.webcam).toMatchObject({ isComplete: true });
    expect(room.submissions).toMatchObject([{ stats: { answers: 1 } }]);
    expect(room.recordings).toHaveLength(1);
    expect(room.stored('webcam')).toEqual(['a', 'b']);
    const asked = room.requests.length;
    expect((await openSeat().until(done)).streams.webcam).toMatchObject({ isComplete: true });
    expect(room.requests).toHaveLength(asked);
  });

  it('that was done elsewhere is told, and what was recorded is sent all the same', async () => {
    const seat = openSeat();
    seat.chunk('webcam', 'a');
    await seat.until(({ streams }) => streams.webcam?.sent === 1);
    room.submissions.push({ key: 'of another device', stats: {} });
    seat.chunk('webcam', 'b');
    seat.worker.handle({ type: 'hand-in', stats: {} });
    const end = await seat.until(done);
    expect(end).toMatchObject({ submitted: false, streams: { webcam: { isComplete: true } } });
    expect(refusals(seat)).toMatchObject([{ what: 'hand-in', code: 'conflict' }]);
  });

  it('is done with what the server takes, and does not claim the rest', async () => {
    const seat = openSeat();
    room.fail((request) => (request === 'PUT webcam 1' ? { status: 400, code: 'invalid_request', field: 'chunk' } : null));
    for (const text of ['a', 'b', 'c']) seat.chunk('webcam', text);
    seat.worker.handle({ type: 'hand-in', stats: {} });
    const end = await seat.until(done);
    expect(end.streams.webcam).toMatchObject({ isComplete: false, sent: 2, refused: 1 });
    expect(room.recordings[0]?.expected).toBe(3);
  });

  it('may be followed by another, if the candidate is let in again: what is recorded then is another recording', async () => {
    const seat = openSeat();
    seat.chunk('webcam', 'a');
    seat.worker.handle({ type: 'drain' });
    await seat.until(done);
    for (const text of ['b', 'c']) seat.chunk('webcam', text);
    const again = await seat.until(({ streams }) => streams.webcam?.recordingId === 'rec_1' && streams.webcam.sent === 2);
    expect(again).toMatchObject({ handedIn: 'no', streams: { webcam: { isComplete: false } } });
    seat.chunk('webcam', 'd');
    seat.worker.handle({ type: 'hand-in', stats: {} });
    const end = await seat.until((state) => done(state) && state.submitted);
    expect(end.streams.webcam).toMatchObject({ isComplete: true, chunks: 3 });
    expect(room.recordings.map(({ expected }) => expected)).toEqual([1, 3]);
  });

  it('of somebody who was let in again waits for the other recording, which could not begin afterwards', async () => {
    const seat = openSeat();
    seat.chunk('webcam', 'a');
    await seat.until(({ streams }) => streams.webcam?.sent === 1);
    room.fail((request) => (request.startsWith('PUT') ? 'no answer' : null));
    seat.chunk('webcam', 'b');
    seat.worker.handle({ type: 'drain' });
    await expect.poll(() => room.requests.includes('FINISH webcam')).toBe(true);
    seat.chunk('webcam', 'c');
    seat.worker.handle({ type: 'hand-in', stats: {} });
    await seat.until(({ duties }) => duties === 2);
    room.fail(() => null);
    seat.worker.handle({ type: 'wake' });
    await seat.until((state) => done(state) && state.submitted);
    expect(room.recordings.map(({ chunks }) => [...chunks.values()])).toEqual([['a', 'b'], ['c']]);
    expect(refusals(seat)).toEqual([]);
  });

  it('of somebody who was let in again does not hang on what was recorded before', async () => {
    const seat = openSeat();
    seat.chunk('webcam', 'a');
    await seat.until(({ streams }) => streams.webcam?.sent === 1);
    room.fail((request) => (request === 'PUT webcam 1' ? { status: 503, code: 'server_error' } : null));
    seat.chunk('webcam', 'b');
    seat.worker.handle({ type: 'drain' });
    await expect.poll(() => room.requests.includes('FINISH webcam')).toBe(true);
    seat.chunk('webcam', 'c');
    seat.worker.handle({ type: 'hand-in', stats: {} });
    await seat.until(({ duties }) => duties === 2);
    expect(room.submissions).toEqual([]);
    letPass(31_000);
    seat.worker.handle({ type: 'wake' });
    await seat.until(({ submitted }) => submitted);
  });

  it('of somebody who was let in again, and of whom nothing was recorded since, still has been recorded', async () => {
    const seat = openSeat();
    seat.chunk('webcam', 'a');
    seat.worker.handle({ type: 'drain' });
    await seat.until(done);
    seat.worker.handle({ type: 'begin', kind: 'webcam' });
    seat.worker.handle({ type: 'hand-in', stats: {} });
    const end = await seat.until((state) => done(state) && state.submitted);
    expect(end).toMatchObject({ hasRecorded: true, streams: { webcam: { chunks: 0, refused: 0 } } });
  });

  it('does not claim what belongs to a recording that the server does not let begin', async () => {
    const seat = openSeat();
    room.fail((request) => (request.startsWith('START') ? { status: 400, code: 'conflict' } : null));
    for (const text of ['a', 'b']) seat.chunk('webcam', text);
    seat.worker.handle({ type: 'drain' });
    const end = await seat.until(done);
    expect(end.streams.webcam).toMatchObject({ sent: 0, refused: 2, isComplete: false });
  });

  it('of a recording that is not there any more comes to its end', async () => {
    const seat = openSeat();
    seat.chunk('webcam', 'a');
    await seat.until(({ streams }) => streams.webcam?.sent === 1);
    room.recordings.length = 0;
    seat.worker.handle({ type: 'hand-in', stats: {} });
    const end = await seat.until(done);
    expect(end.streams.webcam).toMatchObject({ isComplete: false, lost: 1 });
    expect(room.requests.filter((request) => request.startsWith('UNKNOWN')).length).toBeLessThan(5);
    // Nor after a reload does the page say that everything arrived.
    seat.kill();
    expect((await openSeat().until(done)).streams.webcam).toMatchObject({ isComplete: false, lost: 1 });
  });

  it('of an exam that is over only sends', async () => {
    const seat = openSeat();
    for (const text of ['a', 'b']) seat.chunk('webcam', text);
    seat.worker.handle({ type: 'drain' });
    const end = await seat.until(done);
    expect(end).toMatchObject({ submitted: false, streams: { webcam: { isComplete: true, sent: 2 } } });
    expect(room.submissions).toEqual([]);
  });

  it('of somebody who was sent out in the first seconds finds the recording started, and sends what there is', async () => {
    const seat = openSeat();
    seat.worker.handle({ type: 'begin', kind: 'webcam' });
    await seat.until(({ streams }) => streams.webcam?.recordingId === 'rec_0');
    // From now on the server starts none.
    room.fail((request) => (request.startsWith('START') ? { status: 400, code: 'conflict' } : null));
    seat.chunk('webcam', 'a');
    seat.worker.handle({ type: 'drain' });
    const end = await seat.until(done);
    expect(end.streams.webcam).toMatchObject({ isComplete: true, sent: 1 });
    expect(refusals(seat)).toEqual([]);
  });

  it('of a recording of which nothing came says that there is nothing, and a reload before it starts no other', async () => {
    const first = openSeat();
    first.worker.handle({ type: 'begin', kind: 'webcam' });
    await first.until(({ streams }) => streams.webcam?.recordingId === 'rec_0');
    first.kill();
    const second = openSeat();
    second.worker.handle({ type: 'begin', kind: 'webcam' });
    second.worker.handle({ type: 'drain' });
    await second.until(done);
    expect(room.recordings.map(({ expected }) => expected)).toEqual([0]);
  });

  it('that is followed by another sitting leaves that one’s recording open until it has chunks', async () => {
    const seat = openSeat();
    seat.chunk('webcam', 'a');
    seat.worker.handle({ type: 'drain' });
    await seat.until(done);
    seat.worker.handle({ type: 'begin', kind: 'webcam' });
    await seat.until(({ streams }) => streams.webcam?.recordingId === 'rec_1');
    expect(room.recordings.map(({ expected }) => expected)).toEqual([1, null]);
    seat.chunk('webcam', 'b');
    seat.worker.handle({ type: 'drain' });
    await seat.until((state) => done(state) && state.streams.webcam?.sent === 1 && state.duties === 2);
    expect(room.recordings.map(({ expected }) => expected)).toEqual([1, 1]);
  });

  it('in the moment in which the recording begins waits until it has begun, and says that there is nothing', async () => {
    const seat = openSeat();
    const goOn = room.hold((request) => request.startsWith('START'));
    seat.worker.handle({ type: 'begin', kind: 'webcam' });
    await expect.poll(() => room.requests.includes('START webcam')).toBe(true);
    seat.worker.handle({ type: 'hand-in', stats: {} });
    await seat.until(({ duties }) => duties === 1);
    goOn();
    const end = await seat.until((state) => done(state) && state.submitted);
    expect(end.streams.webcam).toMatchObject({ isComplete: true, lost: 0 });
    expect(room.requests.filter((request) => request !== 'ASK webcam')).toEqual(['START webcam', 'SUBMIT', 'FINISH webcam']);
    expect(room.recordings.map(({ expected }) => expected)).toEqual([0]);
    expect(refusals(seat)).toEqual([]);
    expect(room.signals).toEqual([]);
  });

  it('in the moment in which the recording begins finds it where only the answer was lost', async () => {
    const seat = openSeat({ pause: () => 5 });
    let lost = 0;
    room.fail((request) => (request === 'START webcam' && (lost += 1) < 3 ? 'answer lost' : null));
    seat.worker.handle({ type: 'begin', kind: 'webcam' });
    await expect.poll(() => room.requests.includes('START webcam')).toBe(true);
    seat.worker.handle({ type: 'hand-in', stats: {} });
    await seat.until((state) => done(state) && state.submitted);
    expect(room.recordings.map(({ expected }) => expected)).toEqual([0]);
    expect(refusals(seat)).toEqual([]);
  });

  it('does not tell of a refused recording of which nothing was recorded', async () => {
    const seat = openSeat();
    room.fail((request) => (request.startsWith('START') ? { status: 400, code: 'conflict' } : null));
    seat.worker.handle({ type: 'begin', kind: 'webcam' });
    await expect.poll(() => room.requests.includes('START webcam')).toBe(true);
    seat.worker.handle({ type: 'drain' });
    await seat.until(done);
    expect(refusals(seat)).toEqual([]);
    expect(room.signals).toEqual([]);
  });

  it('sends what was recorded since somebody was let in again, also into the recording that was just being announced', async () => {
    const seat = openSeat();
    room.fail((request) => (request.startsWith('PUT screen') ? { status: 503, code: 'server_error' } : null));
    seat.chunk('webcam', 'w');
    seat.chunk('screen', 'a');
    await seat.until(({ streams }) => streams.webcam?.sent === 1);
    const goOn = room.hold((request) => request === 'FINISH webcam');
    seat.worker.handle({ type: 'drain' });
    await expect.poll(() => room.requests.includes('FINISH webcam')).toBe(true);
    seat.chunk('screen', 'b');
    room.fail(() => null);
    seat.worker.handle({ type: 'wake' });
    await seat.until(({ streams }) => streams.screen?.sent === 2);
    goOn();
    seat.worker.handle({ type: 'hand-in', stats: {} });
    await seat.until((state) => done(state) && state.submitted);
    expect(room.stored('screen')).toEqual(['a', 'b']);
    expect(room.recordings.every(({ expected, chunks }) => expected === chunks.size)).toBe(true);
  });

  it.each(['hand-in', 'drain'] as const)('%s, first of all on a page whose predecessor had sent more than it kept, ends', async (type) => {
    const first = openSeat();
    first.worker.handle({ type: 'begin', kind: 'webcam' });
    await first.until(({ streams }) => streams.webcam?.recordingId === 'rec_0');
    await first.worker.settled();
    first.kill();
    room.recordings[0]?.chunks.set(0, 'x').set(1, 'y');
    const second = openSeat();
    second.worker.handle(type === 'drain' ? { type } : { type, stats: {} });
    const end = await second.until(done);
    expect(end).toMatchObject({ submitted: type === 'hand-in', streams: { webcam: { isComplete: true, lost: 0 } } });
    expect(room.recordings.map(({ expected }) => expected)).toEqual([2]);
  });

  it('that an empty recording was being announced for is no reason not to send what is recorded after', async () => {
    const seat = openSeat();
    room.fail((request) => (request.startsWith('FINISH') ? { status: 503, code: 'server_error' } : null));
    seat.worker.handle({ type: 'begin', kind: 'webcam' });
    await seat.until(({ streams }) => streams.webcam?.recordingId === 'rec_0');
    seat.worker.handle({ type: 'drain' });
    await expect.poll(() => room.requests.includes('FINISH webcam')).toBe(true);
    seat.worker.handle({ type: 'begin', kind: 'webcam' });
    await seat.worker.settled();
    room.fail(() => null);
    for (const text of ['a', 'b']) seat.chunk('webcam', text);
    seat.worker.handle({ type: 'wake' });
    await expect.poll(() => room.stored('webcam').length === 2).toBe(true);
    expect(room.recordings.map(({ expected }) => expected)).toEqual([0, null]);
  });

  it('does not say that there was nothing where all of it was refused', async () => {
    const seat = openSeat();
    room.fail((request) => (request === 'PUT webcam 0' ? { status: 400, code: 'invalid_request', field: 'chunk' } : null));
    seat.worker.handle({ type: 'begin', kind: 'webcam' });
    await seat.until(({ streams }) => streams.webcam?.recordingId === 'rec_0');
    seat.chunk('webcam', 'a');
    seat.worker.handle({ type: 'hand-in', stats: {} });
    const end = await seat.until((state) => done(state) && state.submitted);
    expect(end.streams.webcam).toMatchObject({ isComplete: false, refused: 1 });
    expect(room.recordings[0]?.expected).toBeNull();
  });

  it('goes out although a recording of which there is nothing cannot begin', async () => {
    const seat = openSeat();
    room.fail((request) => (request.startsWith('START') ? { status: 503, code: 'server_error' } : null));
    seat.worker.handle({ type: 'begin', kind: 'webcam' });
    await expect.poll(() => room.requests.includes('START webcam')).toBe(true);
    seat.worker.handle({ type: 'hand-in', stats: {} });
    await seat.until(({ duties }) => duties === 1);
    expect(room.submissions).toEqual([]);
    letPass(31_000);
    seat.worker.handle({ type: 'wake' });
    await seat.until((state) => done(state) && state.submitted);
    expect(room.signals).toEqual([]);
  });

  it('of a recording whose beginning is still being answered to an earlier request waits for it', async () => {
    const seat = openSeat();
    let busy = 2;
    room.fail((request) => (request === 'START webcam' && (busy -= 1) >= 0 ? { status: 400, code: 'conflict', retryAfter: 0 } : null));
    seat.chunk('webcam', 'a');
    seat.worker.handle({ type: 'hand-in', stats: {} });
    await seat.until((state) => done(state) && state.submitted);
    expect(room.stored('webcam')).toEqual(['a']);
    expect(refusals(seat)).toEqual([]);
    expect(room.signals).toEqual([]);
  });

  it('with nothing recorded is a submission', async () => {
    const seat = openSeat();
    seat.worker.handle({ type: 'hand-in', stats: {} });
    await seat.until(done);
    expect(room.requests).toEqual(['SUBMIT']);
  });
});

describe('the clock of the worker', () => {
  it('beats, asks for pictures, and tells when the line is gone and back', async () => {
    const seat = openSeat({ heartbeatMs: 5 });
    seat.worker.handle({ type: 'pace', heartbeat: true, snapshotSeconds: 0.01 });
    await eventually(() => {
      expect(seat.messages.filter(({ type }) => type === 'presence').length).toBeGreaterThan(2);
      expect(seat.messages.filter(({ type }) => type === 'snapshot-due').length).toBeGreaterThan(2);
    });
    room.fail(() => 'no answer');
    await seat.until(({ offlineSince }) => offlineSince !== null);
    room.fail(() => null);
    await seat.until(({ offlineSince }) => offlineSince === null);
    seat.worker.handle({ type: 'pace', heartbeat: false, snapshotSeconds: null });
    await seat.worker.settled();
    const first = seat.messages.find((message) => message.type === 'presence');
    expect(first?.presence).toMatchObject({ status: 'ACTIVE', remainingSeconds: 60, handRaised: false, endsAt: null });
  });
});
