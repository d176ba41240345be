import type { FaceImage, Frame, FrameObservation, LookFor, ObservedImage } from '../vision.ts';
import type { SpeechMemory } from './speech-window.ts';

/** What a worker is asked, and what it answers to each. */
export interface VisionTasks {
  observe: { request: { frame: Frame } & LookFor; answer: FrameObservation };
  observeImage: { request: { image: Uint8Array } & LookFor; answer: ObservedImage };
  readFaceImage: { request: { image: Uint8Array }; answer: FaceImage };
  detectSpeech: { request: { samples: Int16Array; memory: SpeechMemory }; answer: { probabilities: Float32Array; memory: SpeechMemory } };
}

export type TaskName = keyof VisionTasks;
export type TaskRequest = { [Name in TaskName]: { name: Name } & VisionTasks[Name]['request'] }[TaskName];

/** Errors lose their class on the way between threads, so an image's fault is told apart by its own field. */
export type TaskReply = { answer: VisionTasks[TaskName]['answer'] } | { imageError: string } | { error: Error };
