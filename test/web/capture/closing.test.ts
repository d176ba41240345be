import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createCapture } from '../../../web/room/capture/create-capture.ts';

// Not by a door: when a recorder gives its last data is nothing that a test with a browser can choose.

class FakeTrack extends EventTarget {
  readonly kind = 'video';
  readonly label = 'camera';
  readyState = 'live';
  muted = false;
  stop(): void {
    this.readyState = 'ended';
  }
  /** As if it were unplugged. */
  lose(): void {
    this.stop();
    this.dispatchEvent(new Event('ended'));
  }
}

class FakeStream {
  readonly tracks: FakeTrack[];
  constructor(tracks: FakeTrack[] = []) {
    this.tracks = tracks;
  }
  getTracks = () => this.tracks;
  getVideoTracks = () => this.tracks;
  getAudioTracks = () => [];
}

let recorders: FakeRecorder[] = [];
class FakeRecorder extends EventTarget {
  static isTypeSupported = () => true;
  readonly mimeType = 'video/webm';
  state = 'inactive';
  constructor() {
    super();
    recorders.push(this);
  }
  start(): void {
    this.state = 'recording';
    this.dispatchEvent(new Event('start'));
  }
  stop(): void {
    this.state = 'inactive';
  }
  /** The last data comes, as late as the test likes. */
  finish(): void {
    this.dispatchEvent(Object.assign(new Event('dataavailable'), { data: new Blob(['last']) }));
    this.dispatchEvent(new Event('stop'));
  }
}

let tracks: FakeTrack[] = [];
beforeEach(() => {
  [recorders, tracks] = [[], []];
  vi.stubGlobal('MediaStream', FakeStream);
  vi.stubGlobal('MediaStreamTrack', FakeTrack);
  vi.stubGlobal('MediaRecorder', FakeRecorder);
  const mediaDevices = Object.assign(new EventTarget(), {
    enumerateDevices: () => Promise.resolve([]),
    getUserMedia() {
      const track = new FakeTrack();
      tracks.push(track);
      return Promise.resolve(new FakeStream([track]));
    },
  });
  vi.stubGlobal('navigator', { mediaDevices });
});
afterEach(() => vi.unstubAllGlobals());

const settled = () => new Promise((resolve) => setTimeout(resolve, 20));

/** A camera that is recorded. */
async function film() {
  const chunks: string[] = [];
  const capture = createCapture({
    wants: { camera: true, microphone: false, screen: false },
    now: () => Date.now(),
    onBegin: () => {},
    onChunk: ({ buffer }) => chunks.push(Buffer.from(buffer).toString()),
    onEvent: () => {},
  });
  capture.record();
  await capture.openCamera();
  await expect.poll(() => recorders.length).toBe(1);
  return { capture, chunks };
}

it('a camera that is opened again while the exam ends does not stay on', async () => {
  const { capture } = await film();
  const opening = capture.openCamera();
  await settled();
  const closing = capture.close();
  recorders[0]?.finish();
  await Promise.all([opening, closing]);
  await settled();
  expect(tracks.map(({ readyState }) => readyState)).toEqual(['ended', 'ended']);
  expect(capture.getState().camera.state).toBe('off');
});

it('the last data of a camera that was unplugged comes before the end of the recording', async () => {
  const { capture, chunks } = await film();
  tracks[0]?.lose();
  const closing = capture.close().then(() => chunks.push('closed'));
  await settled();
  recorders[0]?.finish();
  await closing;
  expect(chunks).toEqual(['last', 'closed']);
});

it('somebody who is let in again while the last data is on its way is filmed', async () => {
  const { capture } = await film();
  const closing = capture.close();
  await settled();
  capture.record();
  recorders[0]?.finish();
  await closing;
  await expect.poll(() => recorders.map(({ state }) => state)).toEqual(['inactive', 'recording']);
  expect(tracks.map(({ readyState }) => readyState)).toEqual(['live']);
  const again = capture.close();
  await settled();
  recorders[1]?.finish();
  await again;
  expect(tracks.map(({ readyState }) => readyState)).toEqual(['ended']);
});
