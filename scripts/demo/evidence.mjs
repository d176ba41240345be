import { execFile } from 'node:child_process';
import { createReadStream, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Upload } from 'tus-js-client';
import { makeChunks, makeFaceVideo } from '../demo-video.mjs';
import { check } from './api.mjs';
import { bar, clock, say, table } from './print.mjs';
import { seatOf } from './sitting.mjs';

/** @typedef {import('./sitting.mjs').Stage} Stage */

const INVIGIL = fileURLToPath(new URL('../../dist/src/cli.js', import.meta.url));
const CHUNKS = 6;
const SENT = 3;
const CHUNK_MS = 1_000;

/** What Ben's camera will give. @returns {Promise<Buffer<ArrayBuffer>[]>} */
export const filmChunks = (folder) => makeChunks(folder, CHUNKS);

/**
 * A camera that is recorded in chunks of a second. The first half of them is sent at once, the rest is kept by the page, as if the
 * connection had failed already.
 * @param {Stage} stage
 */
export async function startCamera({ api, examId }, token, chunks) {
  const { startRecording } = await api.ask(
    'mutation ($input: StartRecordingInput!) { startRecording(input: $input) { id live } }',
    { input: { examId, userId: 'ben', type: 'WEBCAM' } },
    token,
  );
  check(startRecording.live, 'the recording waits for its chunks');
  const begun = Date.now();
  const isOver = (count) => delay(begun + count * CHUNK_MS - Date.now());
  const send = async (index, from) => {
    const time = new URLSearchParams({ startedAt: new Date(from).toISOString(), durationMs: String(CHUNK_MS) });
    const path = `/recordings/${startRecording.id}/chunks/${index}?${time}`;
    await api.send('PUT', path, 'application/octet-stream', chunks[index], token);
    say(
      'Camera',
      `chunk ${index} of ${CHUNKS} has arrived, ${((Date.now() - from - CHUNK_MS) / 1_000).toFixed(1)} s after it was recorded`,
    );
  };
  return {
    id: startRecording.id,
    async sendFirst() {
      for (let index = 0; index < SENT; index++) {
        await isOver(index + 1);
        await send(index, begun + index * CHUNK_MS);
      }
    },
    /** Returns when the last chunk is recorded: the ones that are kept lie behind that moment. */
    async stop() {
      await isOver(CHUNKS);
      return Date.now() - (CHUNKS - SENT) * CHUNK_MS;
    },
    async sendKept(from) {
      for (let index = SENT; index < CHUNKS; index++) await send(index, from + (index - SENT) * CHUNK_MS);
    },
  };
}

/** Sends what the page had to keep, after the submission. @param {Stage} stage */
export async function sendLate(stage, camera, token, keptFrom) {
  const { api } = stage;
  const finish = async () =>
    (
      await api.ask(
        'mutation ($id: ID!, $chunks: Int) { finishRecording(recordingId: $id, chunks: $chunks) { complete nextChunk } }',
        { id: camera.id, chunks: CHUNKS },
        token,
      )
    ).finishRecording;
  const announced = await finish();
  check(!announced.complete && announced.nextChunk === SENT, 'three of six chunks are still to come');
  await camera.sendKept(keptFrom);
  await followAnalysis(stage, camera.id);
  const recording = await api.get(`/recordings/${camera.id}`);
  check(recording.complete, 'all six chunks are there');
  check(Math.abs(recording.duration - CHUNKS) < 1, `the recording lasts ${CHUNKS} s, and not ${recording.duration} s`);
  say('Complete', `${recording.duration.toFixed(1)} s, ${recording.size} bytes`);
}

/** @param {Stage} stage */
export async function printLedger(stage, userId) {
  const { evidence } = await seatOf(stage, userId, 'evidence { type receivedSeconds expectedSeconds gaps { from to cause } }');
  const [track] = evidence;
  check(evidence.length === 1 && track.type === 'WEBCAM', 'the ledger has a line for the webcam');
  check(track.receivedSeconds > 5, 'the ledger counts what came late, too');
  check(
    track.gaps.some(({ cause }) => cause === 'disconnected'),
    'the ledger says that Ben was disconnected',
  );
  say(
    'Ledger',
    `${track.receivedSeconds.toFixed(0)} of ${track.expectedSeconds.toFixed(0)} s of ${userId}'s webcam; what is missing, and why:`,
  );
  table(
    ['cause', 'from', 'seconds'],
    track.gaps.map(({ cause, from, to }) => [
      cause,
      from.slice(11, 19),
      to ? ((Date.parse(to) - Date.parse(from)) / 1_000).toFixed(1) : '…',
    ]),
  );
}

/** @returns {Promise<{ code: string | number | null | undefined, out: string, err: string }>} */
const invigil = (...args) =>
  new Promise((resolve) => {
    execFile(process.execPath, [INVIGIL, ...args], (error, out, err) => resolve({ code: error ? error.code : 0, out, err }));
  });

/** Verifies a receipt without the server, and that a changed one is refused. @param {Stage} stage */
export async function verifyReceipt({ api, examId }, userId, token, folder) {
  const receipt = await api.get(`/exams/${examId}/participants/${userId}/receipt`, token);
  const [key, file, forged] = [join(folder, 'key.json'), join(folder, 'receipt.json'), join(folder, 'forged.json')];
  await writeFile(key, await (await fetch(`${api.url}/.well-known/invigil-receipt.json`)).text());
  await writeFile(file, JSON.stringify(receipt));
  const [recording] = receipt.recordings;
  check(recording?.complete, 'the receipt says that the recording is complete');
  await writeFile(forged, JSON.stringify({ ...receipt, recordings: [{ ...recording, bytes: recording.bytes + 1 }] }));
  const genuine = await invigil('receipt', 'verify', file, '--key', key);
  check(genuine.code === 0 && genuine.out.startsWith('Genuine'), `the receipt is genuine: ${genuine.err}`);
  say('Receipt', 'invigil receipt verify, without the server:');
  console.log(genuine.out.trimEnd().replaceAll(/^/gm, '  '));
  const tampered = await invigil('receipt', 'verify', forged, '--key', key);
  check(tampered.code === 1 && tampered.err.includes('Not genuine'), 'a receipt with another number of bytes is refused');
  say('Tampered', `with one byte more: ${tampered.err.trim().replace(/^.*?forged\.json: /, '')}`);
}

/** @param {Stage} stage */
export async function recordAndAnalyse(stage, token, folder) {
  const video = await makeFaceVideo(folder);
  say('Recording', `${video.source}, ${(statSync(video.path).size / 1e6).toFixed(1)} MB`);
  const recordingId = await upload(stage, video.path, { examId: stage.examId, userId: 'anna', type: 'webcam' }, token);
  await followAnalysis(stage, recordingId);
  const recording = await stage.api.get(`/recordings/${recordingId}`);
  check(recording.status === 'processed', recording.error ?? `the recording is processed, but it is ${recording.status}`);
  await printAnalysis(stage, recording);
}

/** Over tus, so that a dropped connection continues where it stopped. @returns {Promise<string>} */
function upload({ api }, path, metadata, token) {
  return new Promise((resolve, reject) => {
    const tus = new Upload(createReadStream(path), {
      endpoint: `${api.url}/api/uploads`,
      uploadSize: statSync(path).size,
      chunkSize: 256 * 1024,
      metadata: { ...metadata, filename: 'webcam.webm', filetype: 'video/webm' },
      headers: { authorization: `Bearer ${token}` },
      onProgress: (sent, total) => bar('Upload', sent / total),
      onError: reject,
      onSuccess: ({ lastResponse }) => resolve(String(lastResponse.getHeader('X-Recording-Id'))),
    });
    tus.start();
  });
}

/** @param {Stage} stage */
function followAnalysis({ api }, recordingId) {
  const query = 'subscription ($recordingId: ID!) { recordingProgress(recordingId: $recordingId) { fraction stage recording { status } } }';
  return new Promise((resolve, reject) => {
    api.live.subscribe(
      { query, variables: { recordingId } },
      {
        next: (/** @type {any} */ { data }) => bar(`Analysis, ${data.recordingProgress.stage}`, data.recordingProgress.fraction),
        error: (/** @type {any} */ errors) => reject(new Error(errors[0]?.message ?? 'the subscription broke')),
        complete: () => resolve(undefined),
      },
    );
  });
}

/** @param {Stage} stage */
async function printAnalysis({ api }, { duration, analysis: { faceDetection, suspiciousActivity }, id }) {
  const { recording } = await api.ask(
    'query ($id: ID!) { recording(id: $id) { analysis { detector sampledFrames segments { type startSeconds endSeconds confidence } } } }',
    { id },
  );
  const { detector, sampledFrames, segments } = recording.analysis;
  console.log(`\n  ${sampledFrames} frames from ${duration.toFixed(1)} s, by ${detector}\n`);
  table(
    ['share of the time', ''],
    Object.entries({ ...faceDetection, ...suspiciousActivity }).map(([name, share]) => [
      name,
      share === null ? 'no sound' : `${(100 * share).toFixed(1)} %`,
    ]),
  );
  console.log('');
  table(
    ['segment', 'from', 'to', 'confidence'],
    segments.map(({ type, startSeconds, endSeconds, confidence }) => [type, clock(startSeconds), clock(endSeconds), confidence.toFixed(2)]),
  );
  console.log('');
}
