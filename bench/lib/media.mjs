import { execFile } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const SEND_BYTES = 1024 * 1024;
const BOX_HEAD = 8;

export const ffmpeg = (...args) => run('ffmpeg', ['-y', '-loglevel', 'error', ...args], { maxBuffer: 1024 * 1024 * 1024 });

/** An MP4 of the given size: one second of video and a box of random bytes that players skip. */
export async function paddedVideo(folder, bytes) {
  const path = join(folder, 'second.mp4');
  await ffmpeg('-f', 'lavfi', '-i', 'testsrc=size=320x240:rate=10:duration=1', '-c:v', 'libx264', '-pix_fmt', 'yuv420p', path);
  const video = await readFile(path);
  const box = randomFillSync(Buffer.allocUnsafe(bytes - video.length));
  box.writeUInt32BE(box.length, 0);
  box.write('free', 4, BOX_HEAD - 4, 'latin1');
  return Buffer.concat([video, box]);
}

const BOUNDARY = 'a-boundary-of-the-benchmark';

/** A multipart body with these fields and, last, this file. */
export function multipart(fields, name, bytes) {
  const parts = Object.entries(fields).map(
    ([field, value]) => `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${field}"\r\n\r\n${value}\r\n`,
  );
  const head = `${parts.join('')}--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"; filename="session.mp4"\r\nContent-Type: video/mp4\r\n\r\n`;
  return { chunks: [Buffer.from(head), bytes, Buffer.from(`\r\n--${BOUNDARY}--\r\n`)], type: `multipart/form-data; boundary=${BOUNDARY}` };
}

/** Sends a body as fast as the server accepts it. @throws if the answer is not 200 */
export async function send({ port, path, method = 'POST', token, chunks, type }) {
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const headers = { authorization: `Bearer ${token}`, 'content-type': type, 'content-length': length };
  const req = request({ host: '127.0.0.1', port, path, method, headers, agent: false });
  const answered = new Promise((resolve, reject) => req.once('response', resolve).once('error', reject));
  answered.catch(() => {});
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += SEND_BYTES) {
      // An early answer is an error, so the rest is not sent.
      if (!req.write(chunk.subarray(at, at + SEND_BYTES)))
        await Promise.race([answered, new Promise((resolve) => req.once('drain', resolve))]);
    }
  }
  req.end();
  const res = await answered;
  const text = Buffer.concat(await res.toArray()).toString();
  if (res.statusCode !== 200) throw new Error(`${method} ${path} answered ${res.statusCode}: ${text.slice(0, 500)}`);
  return JSON.parse(text);
}
