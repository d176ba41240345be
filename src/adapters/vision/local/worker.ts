import { constants, setPriority } from 'node:os';
import { type MessagePort, parentPort } from 'node:worker_threads';
import { ImageError } from '../vision.ts';
import { readFaceImage } from './face-image.ts';
import type { ImageModelName } from './image-models.ts';
import { models } from './models.ts';
import { observeFrame, observeImage } from './observe.ts';
import type { TaskReply, TaskRequest } from './protocol.ts';
import { detectSpeech } from './speech-detector.ts';

async function load(model: ImageModelName): Promise<null> {
  await models[model]();
  return null;
}

function perform(task: TaskRequest) {
  if (task.name === 'observe') return observeFrame(task.frame, task);
  if (task.name === 'observeImage') return observeImage(task.image, task);
  if (task.name === 'readFaceImage') return readFaceImage(task.image);
  if (task.name === 'load') return load(task.model);
  return detectSpeech(task.samples, task.memory);
}

async function reply(task: TaskRequest): Promise<TaskReply> {
  try {
    return { answer: await perform(task) };
  } catch (error) {
    if (error instanceof ImageError) return { imageError: error.message };
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }
}

async function serve(port: MessagePort, task: TaskRequest): Promise<void> {
  port.postMessage(await reply(task), []);
}

// Requests to the server must not wait for frames. Only on Linux does this set the priority of the thread alone.
if (process.platform === 'linux') setPriority(constants.priority.PRIORITY_BELOW_NORMAL);

// The pool sends one task at a time and waits for its reply.
const pool = parentPort;
pool?.on('message', (task: TaskRequest) => void serve(pool, task));
