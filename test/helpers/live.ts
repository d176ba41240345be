import { expect } from 'vitest';
import { makeMedia, VP8 } from './media.ts';
import { form, type RestRecording, watchProgress } from './recordings.ts';
import { ADMIN_KEY, type TestServer } from './server.ts';

export interface LiveRecording extends RestRecording {
  live?: true;
  nextChunk?: number;
  note?: string;
}

/**
 * The output of MediaRecorder from `start()` to `stop()`: WebM of unknown length in short clusters, VP8 and Opus. Nobody is seen in it: the
 * test pattern is upside down, because the detector takes the upright one for a person.
 */
export const recorded = (seconds: number, { size = '320x240', sound = true, keyEvery = 30 } = {}): Promise<Buffer> =>
  makeMedia(
    ...['-f', 'lavfi', '-i', `testsrc=size=${size}:rate=15:duration=${seconds},vflip`],
    ...(sound ? ['-f', 'lavfi', '-i', `sine=frequency=440:sample_rate=48000:duration=${seconds}`, '-c:a', 'libopus', '-b:a', '48k'] : []),
    ...VP8,
    ...['-g', String(keyEvery), '-f', 'webm', '-live', '1', '-cluster_time_limit', '1000', 'pipe:1'],
  );

/** Splits bytes anywhere, like `timeslice`. */
export function cut(bytes: Buffer, pieces: number): Buffer[] {
  const size = Math.ceil(bytes.length / pieces);
  return Array.from({ length: pieces }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}

export async function startLive(
  server: TestServer,
  input: { examId: string; userId: string; type?: string },
  credential?: string,
): Promise<LiveRecording> {
  const response = await server.post('/recordings/live', { type: 'webcam', ...input }, credential ? { credential } : {});
  if (response.status !== 200) throw new Error(`POST /recordings/live answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as LiveRecording;
}

export const putChunk = (server: TestServer, recordingId: string, index: number | string, chunk: Uint8Array, credential?: string) =>
  server.rest(`/recordings/${recordingId}/chunks/${index}`, {
    method: 'PUT',
    body: new Uint8Array(chunk),
    ...(credential && { credential }),
  });

/** Sends chunks one after the other, like a browser. */
export async function sendChunks(server: TestServer, recordingId: string, chunks: readonly Buffer[], first = 0, credential?: string) {
  for (const [at, chunk] of chunks.entries()) {
    const response = await putChunk(server, recordingId, first + at, chunk, credential);
    expect(response.status, await response.clone().text()).toBe(200);
  }
}

export const finishLive = (server: TestServer, recordingId: string, credential?: string) =>
  server.rest(`/recordings/${recordingId}/finish`, { method: 'POST', ...(credential && { credential }) });

export const readRecording = async (server: TestServer, recordingId: string) =>
  (await (await server.rest(`/recordings/${recordingId}`)).json()) as LiveRecording;

/** The recording once its chunks are joined and, if analysis is on, analysed. */
export async function ended(server: TestServer, recordingId: string): Promise<LiveRecording> {
  await watchProgress(server, recordingId).end();
  return readRecording(server, recordingId);
}

export async function download(server: TestServer, recordingId: string): Promise<Buffer> {
  const response = await server.rest(`/recordings/${recordingId}/download`);
  if (response.status !== 200) throw new Error(`download answered ${response.status}: ${await response.text()}`);
  return Buffer.from(await response.arrayBuffer());
}

export async function appendByGraphql(
  server: TestServer,
  recordingId: string,
  index: number,
  chunk: Uint8Array<ArrayBuffer>,
  credential = ADMIN_KEY,
) {
  const query = `mutation ($id: ID!, $index: Int!, $chunk: Upload!) {
    appendRecordingChunk(recordingId: $id, index: $index, chunk: $chunk) { recordingId index size sha256 }
  }`;
  const operations = JSON.stringify({ query, variables: { id: recordingId, index, chunk: null } });
  const body = await form({ operations, map: '{"f":["variables.chunk"]}', f: { bytes: chunk, name: 'blob' } });
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    body,
    headers: { authorization: `Bearer ${credential}`, 'apollo-require-preflight': 'true' },
  });
  return (await response.json()) as { data: { appendRecordingChunk: object } | null; errors?: object[] };
}
