/** What analysis and verification need of a vision provider; `vision-local` is one. */

/** A picture in memory: RGB, 8 bits, 3 bytes a pixel, row by row. */
export interface Frame {
  data: Uint8Array;
  width: number;
  height: number;
}

/** Pixels of the frame; may reach beyond its edges. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface ObservedFace {
  box: Box;
  /** 0..1. */
  score: number;
  /** Degrees; yaw positive to the picture's right, pitch positive downwards. */
  pose: { yaw: number; pitch: number; roll: number };
  /** Where the iris lies between the eye's corners, 0..1, mean of both eyes; null where it was not looked for. */
  gaze: number | null;
}

export interface FrameObservation {
  faces: ObservedFace[];
  /** Best first; empty where none is seen or `phones` was not asked for. */
  phones: { score: number; box: Box }[];
}

export interface FaceImage {
  /** Pixels of the decoded picture. */
  width: number;
  height: number;
  faces: { box: Box; score: number }[];
  /** Of the main face; null where there is none. `blur` and `brightness` of its crop. */
  main: { embedding: FaceEmbedding; box: Box; blur: number; brightness: number; pose: { yaw: number; pitch: number; roll: number } } | null;
}

/** Two descriptors of one face, each of unit length. */
export interface FaceEmbedding {
  dlib: Float32Array;
  faceres: Float32Array;
}

export interface VisionProvider {
  /** Name and version of what looks, for `RecordingAnalysis.detector`. */
  readonly detector: string;
  /** Faces with pose and gaze, and phones where asked. Runs in a worker thread; the frame's buffer is copied. */
  observe(frame: Frame, look: { phones: boolean }): Promise<FrameObservation>;
  /**
   * Finds and embeds the faces of an encoded JPEG, PNG or WebP.
   * @throws ImageError where it cannot be decoded or is larger than 40 megapixels.
   */
  readFaceImage(image: Uint8Array): Promise<FaceImage>;
  /** Opens a voice detector over 16 kHz mono 16-bit sound; `probabilities` answers one value per 512 samples, in order. */
  openSpeech(): Promise<SpeechStream>;
  dispose(): Promise<void>;
}

export interface SpeechStream {
  /** Samples may be cut anywhere between calls; a rest shorter than 512 waits for the next. */
  probabilities(samples: Int16Array): Promise<Float32Array>;
  close(): Promise<void>;
}

export class ImageError extends Error {
  override readonly name = 'ImageError';
}
