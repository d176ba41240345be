import type { FaceImage, Frame, FrameObservation, LookFor, ObservedImage } from '../vision.ts';
import type { ImageModelName } from './image-models.ts';
import type { SpeechMemory } from './speech-window.ts';

/** The requests to a worker, and its answers. */
export interface VisionTasks {
  observe: { request: { frame: Frame } & LookFor; answer: FrameObservation };
  observeImage: { request: { image: Uint8Array } & LookFor; answer: ObservedImage };
  readFaceImage: { request: { image: Uint8Array }; answer: FaceImage };
  load: { request: { model: ImageModelName }; answer: null };
  detectSpeech: { request: { samples: Int16Array; memory: SpeechMemory }; answer: { probabilities: Float32Array; memory: SpeechMemory } };
}

export type TaskName = keyof VisionTasks;
export type TaskRequest = { [Name in TaskName]: { name: Name } & VisionTasks[Name]['request'] }[TaskName];

/** Errors lose their class between threads, so image errors have their own field. */
export type TaskReply = { answer: VisionTasks[TaskName]['answer'] } | { imageError: string } | { error: Error };
