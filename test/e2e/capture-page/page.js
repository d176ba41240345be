// The devices and the worker of the room without its views, for a test that decides when a recorder is replaced.
import { createCapture } from '../../../web/room/capture/create-capture.ts';
import { openRoomDatabase } from '../../../web/room/worker/database.ts';

const worker = new Worker(new URL('../../../web/room/worker/worker.ts', import.meta.url), { type: 'module' });
/** How WebM begins. */
const EBML = 0x1a45dfa3;
const messages = [];
let upload = null;
/** What the recorders gave: seconds of the time, those that two gave once; chunks, and how many of them begin a file. */
const nothing = () => ({ seconds: 0, upTo: 0, chunks: 0, heads: 0 });
const given = { webcam: nothing(), screen: nothing() };

async function sendPicture() {
  const takenAt = Date.now();
  const picture = await capture.takePicture({ maxWidth: 640 });
  const image = picture && (await picture.arrayBuffer());
  worker.postMessage({ type: 'snapshot', image, takenAt }, image ? [image] : []);
}

worker.addEventListener('message', ({ data }) => {
  if (data.type === 'upload') upload = data.state;
  else messages.push(data);
  if (data.type === 'snapshot-due') void sendPicture();
});

const events = [];
const capture = createCapture(
  {
    wants: { camera: true, microphone: true, screen: true },
    now: () => performance.timeOrigin + performance.now(),
    onBegin: (kind) => worker.postMessage({ type: 'begin', kind }, []),
    onChunk(chunk) {
      const of = given[chunk.kind];
      of.chunks += 1;
      const end = chunk.startedAt + chunk.durationMs;
      of.seconds += Math.max(0, end - Math.max(chunk.startedAt, of.upTo)) / 1_000;
      of.upTo = Math.max(of.upTo, end);
      if (new DataView(chunk.buffer).getUint32(0) === EBML) of.heads += 1;
      worker.postMessage({ type: 'chunk', ...chunk }, [chunk.buffer]);
    },
    onEvent: (event) => events.push(event),
  },
  { rotateMs: Number(new URLSearchParams(location.search).get('rotateMs')) },
);

globalThis.room = {
  capture,
  events,
  given,
  messages,
  upload: () => upload,
  /** How many chunks of each kind were on the device so far, by its database. */
  async stored() {
    const database = await openRoomDatabase();
    const records = await database.getAll('streams');
    database.close();
    return Object.fromEntries(records.map(({ kind, nextIndex, base }) => [kind, nextIndex - base]));
  },
  /** Opens everything and records. */
  async begin(start) {
    worker.postMessage({ type: 'start', root: `${location.origin}/`, heartbeat: true, snapshotSeconds: 2, ...start }, []);
    await capture.openCamera();
    await capture.openScreen();
    capture.record();
  },
  async handIn() {
    worker.postMessage({ type: 'pace', heartbeat: false, snapshotSeconds: null }, []);
    await capture.close();
    worker.postMessage({ type: 'hand-in', stats: {} }, []);
  },
};
