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

/** Degrees. Yaw is positive towards the picture's right, pitch downwards, roll clockwise. */
export interface HeadPose {
  yaw: number;
  pitch: number;
  roll: number;
}

export interface FoundFace {
  box: Box;
  /** 0..1. */
  score: number;
}

export interface ObservedFace extends FoundFace {
  pose: HeadPose;
  /** Where the iris lies between the eye's corners, 0 at the picture's left, 1 at its right, mean of both eyes; null where it was not looked for. */
  gaze: number | null;
}

export interface FoundPhone {
  /** 0.1..1; from 0.2 on it counts (0.1 to 0.2 lets a caller bridge a gap between two sightings). */
  score: number;
  box: Box;
}

export interface FrameObservation {
  /** Best first. */
  faces: ObservedFace[];
  /** Best first; empty where none is seen or `phones` was not asked for. */
  phones: FoundPhone[];
}

/** Two descriptors of one face, each of unit length. */
export interface FaceEmbedding {
  /** 128 values. */
  dlib: Float32Array;
  /** 1,024 values. */
  faceres: Float32Array;
}

/** The face that a picture is of. */
export interface MainFace extends FoundFace {
  embedding: FaceEmbedding;
  pose: HeadPose;
  /** 0 (every pixel differs from its neighbours) to 1 (no detail at all). */
  blur: number;
  /** Mean of the face, 0 black to 1 white. */
  brightness: number;
}

export interface StillFace extends FoundFace {
  /** How much the picture is of this face, against the main one (1): large, whole, central and certain; 0..1. */
  prominence: number;
}

export interface FaceImage {
  /** Pixels of the decoded picture, turned upright. */
  width: number;
  height: number;
  /** All faces, the main one first. */
  faces: StillFace[];
  /** The most prominent of `faces`; null where there is none. */
  main: MainFace | null;
}

export interface VisionProvider {
  /** Name and version of what looks, for `RecordingAnalysis.detector`. */
  readonly detector: string;
  /** Frames that it looks at at once. */
  readonly parallel: number;
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

/** An image that cannot be read; its message may be shown to a client. */
export class ImageError extends Error {
  override readonly name = 'ImageError';
}
