import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { backOff } from '../../../web/room/worker/back-off.ts';
import type { FakeRoom } from './helpers/fake-room.ts';
import { newRoom, openSeat, refusals } from './helpers/seat.ts';

let room: FakeRoom;
beforeEach(() => {
  room = newRoom();
});
afterEach(() => vi.unstubAllGlobals());

const sent = (count: number) => (state: { streams: { webcam?: { sent: number }; screen?: { sent: number } } }) =>
  (state.streams.webcam?.sent ?? 0) + (state.streams.screen?.sent ?? 0) === count;

describe('what waits is sent', () => {
  it('signals first, then the picture, then the camera, then the screen, each oldest first and two at a time', async () => {
    const seat = openSeat();
    room.fail(() => 'no answer');
    for (let i = 0; i < 3; i++) {
      seat.chunk('screen', `screen ${i}`);
      seat.chunk('webcam', `webcam ${i}`);
    }
    await seat.until(({ offlineSince }) => offlineSince !== null);
    await seat.worker.settled();
    const open = room.hold();
    room.fail(() => null);
    room.requests.length = 0;
    seat.worker.handle({ type: 'signal', signal: { type: 'tab_switch', details: '', timestamp: Date.now() } });
    seat.worker.handle({ type: 'snapshot', image: new ArrayBuffer(8), takenAt: Date.now() });
    await seat.worker.settled();
    seat.worker.handle({ type: 'wake' });
    open();
    const state = await seat.until(sent(6));
    expect(room.requests.slice(0, 3)).toEqual(['SIGNALS', 'SNAPSHOT', 'START webcam']);
    for (const kind of ['webcam', 'screen'])
      expect(room.requests.filter((request) => request.startsWith(`PUT ${kind}`))).toEqual([0, 1, 2].map((i) => `PUT ${kind} ${i}`));
    expect(room.requests.indexOf('PUT webcam 2')).toBeLessThan(room.requests.indexOf('PUT screen 1'));
    expect(room.mostAtOnce()).toBeLessThanOrEqual(2);
    expect(state).toMatchObject({ offlineSince: null, isStored: true, streams: { webcam: { waitingBytes: 0, waitingMs: 0 } } });
  });

  it('by one start of a recording and one chunk for each, if every second answer is lost', async () => {
    const seat = openSeat();
    let count = 0;
    room.fail(() => (count++ % 2 === 0 ? 'answer lost' : null));
    const texts = Array.from({ length: 12 }, (_, i) => `chunk ${i}`);
    for (const text of texts) seat.chunk('webcam', text);
    await seat.until(sent(12));
    expect(room.recordings).toHaveLength(1);
    expect(room.stored('webcam')).toEqual(texts);
  });

  it('never empty: what the recorder gives at its stop has no bytes', async () => {
    const seat = openSeat();
    seat.chunk('webcam', '');
    seat.chunk('webcam', 'first');
    await seat.until(sent(1));
    expect(room.stored('webcam')).toEqual(['first']);
  });

  it('in the format that the server takes, whose first chunk begins the recording; the page hears of the other once', async () => {
    const seat = openSeat();
    let tries = 0;
    room.fail((request) => (request === 'PUT webcam 0' && tries++ < 3 ? { status: 400, code: 'invalid_request' } : null));
    for (const text of ['a1', 'a2', 'a3']) seat.chunk('webcam', text, 'video/webm');
    seat.chunk('webcam', 'b1', 'video/mp4');
    seat.chunk('webcam', 'b2', 'video/mp4');
    const state = await seat.until(sent(2));
    expect(room.stored('webcam')).toEqual(['b1', 'b2']);
    expect(state.streams.webcam).toMatchObject({ refused: 3, waitingBytes: 0 });
    const heard = seat.messages.filter(({ type }) => type === 'format-refused');
    expect(heard).toMatchObject([{ kind: 'webcam', format: 'video/webm', code: 'invalid_request' }]);
    expect(refusals(seat)).toEqual([]);
    expect(room.signals).toEqual([]);
  });

  it('after the seconds that the server asks for, all of it', async () => {
    const seat = openSeat({ pause: () => 60_000 });
    let refused = 0;
    room.fail((request) => (request.startsWith('PUT') && refused++ === 0 ? { status: 429, code: 'rate_limited', retryAfter: 0 } : null));
    seat.chunk('webcam', 'a');
    seat.chunk('webcam', 'b');
    await seat.until(sent(2));
    expect(room.stored('webcam')).toEqual(['a', 'b']);
  });

  it('in batches of at most a hundred signals, and one that is refused does not keep the others', async () => {
    const seat = openSeat();
    const signal = (type: string) => seat.worker.handle({ type: 'signal', signal: { type, details: '', timestamp: Date.now() } });
    const open = room.hold();
    signal('first');
    await seat.worker.settled();
    for (let i = 0; i < 130; i++) signal(i === 70 ? 'refused' : `signal ${i}`);
    await seat.worker.settled();
    open();
    await seat.until(({ signals }) => signals === 0);
    expect(room.signals).toHaveLength(130);
    expect(refusals(seat)).toMatchObject([{ what: 'signal', code: 'invalid_request' }]);
  });

  it('when there is a new token: without one nothing is lost and nothing is asked', async () => {
    const seat = openSeat();
    room.fail(() => ({ status: 401, code: 'unauthorized' }));
    for (const text of ['a', 'b', 'c']) seat.chunk('webcam', text);
    await expect.poll(() => seat.messages).toContainEqual({ type: 'signed-out', message: 'refused: unauthorized' });
    await seat.worker.settled();
    const asked = room.requests.length;
    seat.chunk('webcam', 'd');
    seat.worker.handle({ type: 'wake' });
    await seat.worker.settled();
    expect(room.requests).toHaveLength(asked);
    room.fail(() => null);
    seat.worker.handle({ type: 'token', token: 'another' });
    await seat.until(sent(4));
    expect(seat.messages.filter(({ type }) => type === 'signed-out')).toHaveLength(1);
  });

  it('but not a picture that another has replaced', async () => {
    const seat = openSeat();
    const open = room.hold();
    for (let i = 0; i < 5; i++) seat.worker.handle({ type: 'snapshot', image: new ArrayBuffer(i + 1), takenAt: Date.now() });
    open();
    await expect.poll(() => room.requests).toEqual(['SNAPSHOT', 'SNAPSHOT']);
  });
});

describe('a chunk that the server never takes', () => {
  it('is told once, kept and passed by; the proctor gets a signal', async () => {
    const seat = openSeat();
    room.fail((request) => (/PUT webcam [12]$/.test(request) ? { status: 400, code: 'invalid_request', field: 'chunk' } : null));
    for (const text of ['a', 'b', 'c', 'd']) seat.chunk('webcam', text);
    const state = await seat.until(({ streams }) => streams.webcam?.sent === 2 && streams.webcam.refused === 2);
    expect(state.streams.webcam).toMatchObject({ chunks: 4, waitingBytes: 0 });
    expect(room.stored('webcam')).toEqual(['a', null, null, 'd']);
    expect(refusals(seat)).toMatchObject([{ what: 'chunk', code: 'invalid_request' }]);
    await expect.poll(() => room.signals.map(({ type }) => type)).toEqual(['evidence_gap']);
  });

  it('does not keep the server busy, if it fails by itself: the others go first', async () => {
    const seat = openSeat();
    room.fail((request) => (request === 'PUT webcam 0' ? { status: 500, code: 'server_error' } : null));
    for (const text of ['a', 'b', 'c']) seat.chunk('webcam', text);
    await seat.until(sent(2));
    room.fail(() => null);
    await seat.until(sent(3));
    expect(room.stored('webcam')).toEqual(['a', 'b', 'c']);
  });

  it('because its recording has ended begins another one, with what is left', async () => {
    const seat = openSeat();
    seat.chunk('webcam', 'a');
    await seat.until(sent(1));
    const [recording] = room.recordings;
    if (recording) recording.expected = 1;
    seat.chunk('webcam', 'b');
    seat.chunk('webcam', 'c');
    await seat.until(({ streams }) => streams.webcam?.recordingId === 'rec_1' && streams.webcam.sent === 2);
    expect(room.stored('webcam')).toEqual(['a', 'b', 'c']);
  });

  it('because the exam is over is kept, and told', async () => {
    const seat = openSeat();
    room.fail((request) => (request.startsWith('START') ? { status: 400, code: 'conflict' } : null));
    seat.chunk('webcam', 'a');
    const state = await seat.until(() => refusals(seat).length > 0);
    expect(refusals(seat)).toMatchObject([{ what: 'recording', code: 'conflict' }]);
    expect(state.streams.webcam).toMatchObject({ chunks: 1, sent: 0, waitingBytes: 1 });
    room.fail(() => null);
    seat.worker.handle({ type: 'wake' });
    await seat.until(sent(1));
  });
});

describe('the pause after a failure', () => {
  it('grows from 1 to 30 s and is never the same for a whole class', () => {
    const pauses = Array.from({ length: 10 }, (_, attempts) => [backOff(attempts, () => 0), backOff(attempts, () => 1)]);
    expect(pauses[0]).toEqual([1_000, 2_000]);
    expect(pauses[3]).toEqual([8_000, 16_000]);
    expect(pauses[9]).toEqual([15_000, 30_000]);
  });
});
