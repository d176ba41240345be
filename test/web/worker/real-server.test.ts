import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createExam, join } from '../../helpers/exam.ts';
import { cut, download, ended, recorded } from '../../helpers/live.ts';
import { eventually } from '../../helpers/patience.ts';
import { type FreezableProxy, startFreezableProxy } from '../../helpers/proxy.ts';
import { startTestServer, type TestServer } from '../../helpers/server.ts';
import { newDevice, type OpenedSeat, openSeat, refusals } from './helpers/seat.ts';

const SLICE_MS = 1_000;
const PIECES = 6;

let server: TestServer;
let proxy: FreezableProxy;
let recording: Buffer;
beforeAll(async () => {
  server = await startTestServer({ LIVE_RECORDING_GRACE_SECONDS: '2' });
  proxy = await startFreezableProxy(server.url);
  recording = await recorded(PIECES);
});
afterAll(async () => {
  await proxy.stop();
  await server.stop();
});
beforeEach(newDevice);

async function sit() {
  const { id: examId } = await createExam(server, { settings: { aiDetection: { enabled: false } } });
  const seat = { examId, userId: 'ada' };
  const token = await join(server, examId, 'ada');
  return { examId, open: () => openSeat({ seat, token, root: proxy.url, heartbeatMs: 200, pause: (attempts) => 20 * (attempts + 1) }) };
}

/** Gives a whole recording as slices of a second, the first of which began at that time. */
function give(seat: OpenedSeat, kind: 'webcam' | 'screen', from: number, pieces = cut(recording, PIECES)): void {
  for (const [index, piece] of pieces.entries()) {
    const buffer = new Uint8Array(piece).buffer;
    seat.worker.handle({ type: 'chunk', kind, buffer, startedAt: from + index * SLICE_MS, durationMs: SLICE_MS });
  }
}

const isDone = ({ handedIn }: { handedIn: string }) => handedIn === 'done';
const sentOf = (seat: OpenedSeat, kind: 'webcam' | 'screen') => seat.state()?.streams[kind]?.sent ?? 0;

describe('the worker of the room and a real server', () => {
  it('tell staff at once where the candidate is stuck, and no more once it is in', async () => {
    const { id: examId } = await createExam(server, { settings: { identityPhoto: true } });
    const token = await join(server, examId, 'ada');
    const seat = openSeat({ seat: { examId, userId: 'ada' }, token, root: proxy.url });
    const stepOf = async () => {
      const query = `{ exam(id: "${examId}") { participant(userId: "ada") { checkInStep } } }`;
      return (await server.graphql().request<{ exam: { participant: { checkInStep: string | null } } }>(query)).exam.participant
        .checkInStep;
    };
    seat.worker.handle({ type: 'pace', heartbeat: true, snapshotSeconds: null });
    seat.worker.handle({ type: 'step', step: 'devices' });
    await expect.poll(stepOf).toBe('devices');
    seat.worker.handle({ type: 'step', step: 'camera_denied' });
    await expect.poll(stepOf).toBe('camera_denied');
    seat.worker.handle({ type: 'step', step: null });
    seat.kill();
  });

  it('keep every byte through an outage, a killed server and two reloads, and agree on when it was recorded', async () => {
    const { examId, open } = await sit();
    const began = Date.now() - 2 * PIECES * SLICE_MS;
    const first = open();
    first.worker.handle({ type: 'pace', heartbeat: true, snapshotSeconds: null });
    give(first, 'webcam', began);
    give(first, 'screen', began);
    await first.until(({ streams }) => (streams.webcam?.sent ?? 0) > 0);
    await proxy.cut();
    await first.until(({ offlineSince }) => offlineSince !== null);
    // Another run of the recorder, which begins with a head of its own.
    give(first, 'webcam', began + PIECES * SLICE_MS);
    await first.worker.settled();
    first.kill();
    await server.kill();
    await proxy.restore();
    const second = open();
    second.worker.handle({ type: 'hand-in', stats: { answers: 3 } });
    await second.until(({ offlineSince, handedIn }) => offlineSince !== null && handedIn === 'waiting');
    second.kill();
    await server.restart();
    const moved = await startFreezableProxy(server.url);
    await proxy.stop();
    proxy = moved;
    const third = open();
    const state = await third.until(isDone);
    expect(refusals(third)).toEqual([]);
    expect(state).toMatchObject({
      submitted: true,
      isStored: true,
      streams: { webcam: { isComplete: true }, screen: { isComplete: true } },
    });
    const webcam = state.streams.webcam?.recordingId ?? '';
    const screen = state.streams.screen?.recordingId ?? '';
    const joined = await ended(server, webcam);
    expect(joined).toMatchObject({ complete: true, duration: expect.closeTo(2 * PIECES, 0) });
    const spans = joined['spans'] as { startedAt: string; seconds: number }[];
    // The server corrects the candidate's clock by what comes soonest after it was recorded.
    expect(Math.abs(Date.parse(spans[0]?.startedAt ?? '') - began)).toBeLessThan(15_000);
    expect(spans.reduce((sum, { seconds }) => sum + seconds, 0)).toBeCloseTo(2 * PIECES, 0);
    await ended(server, screen);
    expect((await download(server, screen)).equals(recording)).toBe(true);
    const participants = (await (await server.rest(`/exams/${examId}/participants`)).json()) as { participants: { status: string }[] };
    expect(participants.participants).toMatchObject([{ status: 'submitted' }]);
  });

  it('agree that there is nothing where somebody hands in as the recording begins', async () => {
    const { examId, open } = await sit();
    const seat = open();
    seat.worker.handle({ type: 'begin', kind: 'webcam' });
    await seat.until(({ streams }) => streams.webcam?.recordingId !== null && streams.webcam !== undefined);
    seat.worker.handle({ type: 'hand-in', stats: {} });
    const state = await seat.until(isDone);
    expect(state).toMatchObject({ submitted: true, streams: { webcam: { isComplete: true, lost: 0, refused: 0 } } });
    const read = async (path: string) => (await server.rest(`/exams/${examId}/${path}`)).json();
    expect(await read('participants/ada/receipt')).toMatchObject({ recordings: [{ type: 'webcam', bytes: 0, complete: true }] });
    expect(await read('warnings')).toMatchObject({ warnings: [] });
  });

  it('lose nothing if the connection breaks again and again in the middle of uploads', async () => {
    const { open } = await sit();
    const seat = open();
    give(seat, 'webcam', Date.now() - 60_000);
    seat.worker.handle({ type: 'wake' });
    for (let sent = 0; sent < PIECES; sent = sentOf(seat, 'webcam')) {
      await proxy.cut();
      await proxy.restore();
      seat.worker.handle({ type: 'wake' });
      await seat.until(({ streams, offlineSince }) => (streams.webcam?.sent ?? 0) > sent || offlineSince !== null);
    }
    seat.worker.handle({ type: 'drain' });
    const state = await seat.until(isDone);
    const id = state.streams.webcam?.recordingId ?? '';
    await ended(server, id);
    expect((await download(server, id)).equals(recording)).toBe(true);
  });

  it('tell the proctor once of a recording that the server does not take', async () => {
    const { examId, open } = await sit();
    const seat = open();
    give(seat, 'webcam', Date.now() - 60_000, [Buffer.from('not a film, whatever the page says')]);
    give(seat, 'webcam', Date.now() - 50_000);
    seat.worker.handle({ type: 'drain' });
    const state = await seat.until(isDone);
    expect(state.streams.webcam).toMatchObject({ sent: PIECES, refused: 1 });
    expect(refusals(seat)).toMatchObject([{ what: 'chunk', code: 'invalid_request' }]);
    await eventually(async () => {
      const { warnings } = (await (await server.rest(`/exams/${examId}/warnings`)).json()) as { warnings: object[] };
      expect(warnings).toMatchObject([{ type: 'evidence_gap', source: 'client', severity: 'medium' }]);
    });
    const id = state.streams.webcam?.recordingId ?? '';
    await ended(server, id);
    expect((await download(server, id)).equals(recording)).toBe(true);
  });
});
