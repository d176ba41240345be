// Plays a whole exam against a running server: two candidates join, warnings stream as in a console, a real recording is
// uploaded and analysed.
//   INVIGIL_API_KEY=… npm run demo            the server at http://localhost:4000
//   INVIGIL_URL=… INVIGIL_API_KEY=… npm run demo
import { createReadStream, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GraphQLClient } from 'graphql-request';
import { createClient } from 'graphql-ws';
import { Upload } from 'tus-js-client';
import { WebSocket } from 'ws';
import { makeFaceVideo } from './demo-video.mjs';

const url = (process.env.INVIGIL_URL ?? 'http://localhost:4000').replace(/\/$/, '');
const key = process.env.INVIGIL_API_KEY;
const colours = process.stdout.isTTY;
const paint = (code, text) => (colours ? `\x1b[${code}m${text}\x1b[0m` : text);
const SEVERITY_COLOUR = { INFO: 90, LOW: 36, MEDIUM: 33, HIGH: 31, CRITICAL: 35 };

if (!key) {
  console.error('Set INVIGIL_API_KEY to the key that `npm start` printed.');
  process.exit(1);
}
const authorization = `Bearer ${key}`;
const graphql = new GraphQLClient(`${url}/graphql`, { headers: { authorization } });
const live = createClient({
  url: `${url.replace(/^http/, 'ws')}/graphql`,
  webSocketImpl: WebSocket,
  connectionParams: { authorization },
  retryAttempts: 3,
});
const folder = await mkdtemp(join(tmpdir(), 'invigil-demo-'));

async function play() {
  const exam = await post('/exams', {
    title: 'Demonstration',
    duration: 30,
    settings: { aiDetection: { enabled: true, sensitivity: 'high' } },
  });
  say('Exam', `${exam.title} (${exam.id}), ${exam.duration} minutes`);
  say('Console', exam.adminUrl.replace(/#t=.*/, '#t=…'));

  const feed = watchWarnings(exam.id);
  const tokens = await joinAll(exam.id, { anna: 'Anna Example', ben: 'Ben Example' });
  await report(exam.id, tokens.anna, [{ type: 'tab_switch', details: 'Switched to another tab' }, { type: 'window_blur' }]);
  await report(exam.id, tokens.ben, [{ type: 'fullscreen_exit', details: 'Left full-screen mode' }]);
  await report(exam.id, tokens.ben, [{ type: 'extra_display', details: 'A second display was connected' }]);
  await feed.until(4);

  const video = await makeFaceVideo(folder);
  say('Recording', `${video.source}, ${(statSync(video.path).size / 1e6).toFixed(1)} MB`);
  const recordingId = await upload(video.path, { examId: exam.id, userId: 'anna', type: 'webcam' }, tokens.anna);
  await followAnalysis(recordingId);
  const recording = await get(`/recordings/${recordingId}`);
  if (recording.status !== 'processed') throw new Error(recording.error ?? `the recording is ${recording.status}`);
  await graphql.request('mutation ($id: ID!) { endExam(examId: $id) { id } }', { id: exam.id });
  await printAnalysis(recording);
  say('Warnings', `${feed.count} in total; all are stored and can be replayed`);
}

function watchWarnings(examId) {
  const query = `subscription ($examId: ID!) { warningAdded(examId: $examId, after: 0) { seq timestamp userId type severity source details offsetSeconds } }`;
  const state = { count: 0, wake: () => {} };
  live.subscribe(
    { query, variables: { examId } },
    {
      next: (/** @type {any} */ { data }) => {
        const { seq, userId, type, severity, source, details, offsetSeconds } = data.warningAdded;
        const at = offsetSeconds === null ? '' : ` at ${clock(offsetSeconds)}`;
        console.log(
          `  ${String(seq).padStart(3)}  ${paint(SEVERITY_COLOUR[severity], severity.padEnd(8))} ${userId.padEnd(6)} ${type}${at}  ${details ?? ''} ${paint(90, source.toLowerCase())}`,
        );
        state.count += 1;
        state.wake();
      },
      error: (error) => console.error('the console lost its subscription', error),
      complete: () => {},
    },
  );
  return {
    get count() {
      return state.count;
    },
    until: async (count) => {
      while (state.count < count) await new Promise((resolve) => (state.wake = () => resolve(undefined)));
    },
  };
}

async function joinAll(examId, names) {
  const tokens = {};
  for (const [userId, name] of Object.entries(names)) {
    const { joinExam } = await graphql.request(
      'mutation ($examId: ID!, $userId: ID!, $name: String) { joinExam(examId: $examId, userId: $userId, name: $name) { token } }',
      { examId, userId, name },
    );
    tokens[userId] = joinExam.token;
    say('Joined', name);
  }
  return tokens;
}

const report = (examId, token, warnings) => post(`/exams/${examId}/warnings`, { warnings }, token);

/** Over tus, so that a dropped connection continues where it stopped. */
function upload(path, metadata, token) {
  return new Promise((resolve, reject) => {
    const tus = new Upload(createReadStream(path), {
      endpoint: `${url}/api/uploads`,
      uploadSize: statSync(path).size,
      chunkSize: 256 * 1024,
      metadata: { ...metadata, filename: 'webcam.webm', filetype: 'video/webm' },
      headers: { authorization: `Bearer ${token}` },
      onProgress: (sent, total) => bar('Upload', sent / total),
      onError: reject,
      onSuccess: ({ lastResponse }) => resolve(lastResponse.getHeader('X-Recording-Id')),
    });
    tus.start();
  });
}

function followAnalysis(recordingId) {
  const query = 'subscription ($recordingId: ID!) { recordingProgress(recordingId: $recordingId) { fraction stage recording { status } } }';
  return new Promise((resolve, reject) => {
    live.subscribe(
      { query, variables: { recordingId } },
      {
        next: (/** @type {any} */ { data }) => bar(`Analysis, ${data.recordingProgress.stage}`, data.recordingProgress.fraction),
        error: (/** @type {any} */ errors) => reject(new Error(errors[0]?.message ?? 'the subscription broke')),
        complete: () => resolve(undefined),
      },
    );
  });
}

async function printAnalysis({ duration, analysis: { faceDetection, suspiciousActivity }, id }) {
  const { recording } = await graphql.request(
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

function table(head, rows) {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column].length)));
  const line = (row) =>
    `  ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column] + 2))).join('')}`;
  console.log(paint(1, line(head)));
  for (const row of rows) console.log(line(row));
}

function bar(label, fraction) {
  const width = 30;
  const filled = Math.round(width * fraction);
  const text = `  ${label.padEnd(22)} [${'█'.repeat(filled)}${'·'.repeat(width - filled)}] ${String(Math.round(100 * fraction)).padStart(3)} %`;
  if (colours) process.stdout.write(`\r${text}${fraction >= 1 ? '\n' : ''}`);
  else if (fraction >= 1) console.log(text);
}

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;

function say(what, text) {
  console.log(`${paint(1, what.padEnd(10))} ${text}`);
}

const post = (path, body, token = key) => call(path, { method: 'POST', body: JSON.stringify(body) }, token);
const get = (path) => call(path, {}, key);

async function call(path, init, token) {
  const response = await fetch(`${url}/api${path}`, {
    ...init,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
  });
  const body = await response.json();
  if (!response.ok)
    throw new Error(`${path}: ${body.error.message} ${body.error.details.map(({ field, issue }) => `${field} ${issue}`).join('; ')}`);
  return body;
}

try {
  await play();
} catch (error) {
  console.error(`\nThe demo stopped: ${error.cause?.code === 'ECONNREFUSED' ? `no server answers at ${url}` : error.message}`);
  process.exitCode = 1;
} finally {
  await live.dispose();
  await rm(folder, { recursive: true, force: true });
}
