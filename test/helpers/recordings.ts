import { readFile } from 'node:fs/promises';
import { collect, type TestServer } from './server.ts';

export interface RestRecording {
  id: string;
  status: string;
  error?: string;
  duration: number;
  size: number;
  format: string;
  url: string;
  analysis?: {
    faceDetection?: { facePresent: number; multipleFaces: number; noFace: number };
    suspiciousActivity?: { phoneUsage: number; lookingAway: number; talking: number | null };
    screen?: { idle: number; blank: number };
  };
  [field: string]: unknown;
}

/** A multipart body; a path becomes a file. */
export async function form(
  fields: Record<string, string | { path: string } | { bytes: Uint8Array<ArrayBuffer>; name?: string }>,
): Promise<FormData> {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === 'string') data.append(name, value);
    else if ('path' in value) data.append(name, new Blob([await readFile(value.path)]), 'recording.webm');
    else data.append(name, new Blob([value.bytes]), value.name ?? 'recording.webm');
  }
  return data;
}

export async function uploadRecording(
  server: TestServer,
  fields: { examId: string; userId: string; type: string; path: string },
): Promise<RestRecording> {
  const { path, ...rest } = fields;
  const response = await server.rest('/recordings', { method: 'POST', body: await form({ file: { path }, ...rest }) });
  if (response.status !== 200) throw new Error(`POST /recordings answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as RestRecording;
}

const PROGRESS =
  'subscription ($recordingId: ID!) { recordingProgress(recordingId: $recordingId) { fraction stage recording { status } } }';

export interface Progress {
  recordingProgress: { fraction: number; stage: string; recording: { status: string } };
}

export const watchProgress = (server: TestServer, recordingId: string) => collect<Progress>(server.subscribe(), PROGRESS, { recordingId });

/** The recording once its analysis has ended. */
export async function analysed(server: TestServer, recordingId: string): Promise<RestRecording> {
  const progress = watchProgress(server, recordingId);
  await progress.end();
  return (await (await server.rest(`/recordings/${recordingId}`)).json()) as RestRecording;
}
