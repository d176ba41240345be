/** What analysis and verification need from a vision provider; `vision-local` is one. */

/** A picture in memory: RGB, 8 bits, 3 bytes per pixel, row by row. */
export interface Frame {
  data: Uint8Array;
  width: number;
  height: number;
}

/** In frame pixels; may extend beyond its edges. */
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
  /** Position of the iris between the eye's corners, 0 at the picture's left, 1 at its right, mean of both eyes; null if not measured. */
  gaze: number | null;
  /** Whether nose and mouth are covered, or eyes or mouth beyond the edge of the picture; missing if not measured. */
  isCovered?: boolean;
}

export interface FoundPhone {
  /** 0.1..1; counts from 0.2 (0.1 to 0.2 lets callers bridge a gap between two sightings). */
  score: number;
  box: Box;
}

export interface FrameObservation {
  /** Best first. */
  faces: ObservedFace[];
  /** Whether somebody is there although no face was found: it is covered, cut by the edge, or turned away. */
  covered: boolean;
  /** Best first; empty if none is seen or `phones` was not requested. */
  phones: FoundPhone[];
  /** The face that stands out, for comparison; null or missing if none does or `embed` was not requested. */
  outstanding?: MainFace | null;
}

/** Two descriptors of one face, each of unit length. */
export interface FaceEmbedding {
  /** 128 values. */
  dlib: Float32Array;
  /** 1,024 values. */
  faceres: Float32Array;
}

/** The main face of a picture. */
export interface MainFace extends FoundFace {
  embedding: FaceEmbedding;
  pose: HeadPose;
  /** 0 (every pixel differs from its neighbours) to 1 (no detail at all). */
  blur: number;
  /** Mean brightness of the face, 0 black to 1 white. */
  brightness: number;
  /** Whether nose and mouth may be covered or the face cut: a little sooner than `ObservedFace.isCovered`, since it accuses nobody. */
  mayBeCovered: boolean;
}

export interface StillFace extends FoundFace {
  /** Weight of this face relative to the main one (1): large, fully visible, central and certain; 0..1. */
  prominence: number;
}

export interface FaceImage {
  /** Pixels of the decoded picture, upright. */
  width: number;
  height: number;
  /** All faces, the main one first. */
  faces: StillFace[];
  /** The most prominent of `faces`; null if there is none. */
  main: MainFace | null;
}

/** The findings in an encoded picture, and the picture. */
export interface ObservedImage {
  observation: FrameObservation;
  /** At most 640 pixels wide and 480 high. */
  frame: Frame;
}

/** What to look for. */
export interface LookFor {
  phones: boolean;
  /** Whether to look for somebody where no face is found (`covered`); default: yes. */
  people?: boolean;
  /** Whether to describe the face that stands out: the only one, or one whose box has four times the area of any other. */
  embed?: boolean;
}

export interface VisionProvider {
  /** Names and versions of everything that analyses the frames, faces and sound of recordings, for `RecordingAnalysis.detector`. */
  readonly detector: string;
  /** Name and version of what finds and compares the faces in pictures, for `Verification.detector`. */
  readonly verifier: string;
  /** Number of frames that it analyses at the same time. */
  readonly parallel: number;
  /**
   * Faces with pose and gaze, and phones if requested. The frame must not change afterwards, because it may be analysed again.
   * @throws VisionError if the provider is a service that does not answer.
   */
  observe(frame: Frame, look: LookFor): Promise<FrameObservation>;
  /**
   * Like `observe`, for an encoded JPEG, PNG or WebP, turned upright and shrunk to 640 × 480. Has priority over every `observe`,
   * because somebody is waiting.
   * @throws ImageError if it cannot be decoded or is larger than 40 megapixels.
   */
  observeImage(image: Uint8Array, look: LookFor): Promise<ObservedImage>;
  /**
   * Finds and embeds the faces in an encoded JPEG, PNG or WebP.
   * @throws ImageError if it cannot be decoded or is larger than 40 megapixels.
   */
  readFaceImage(image: Uint8Array): Promise<FaceImage>;
  /** Opens a voice detector for 16 kHz mono 16-bit sound; `probabilities` returns one value per 512 samples, in order. */
  openSpeech(): Promise<SpeechStream>;
  /** Loads the models for pictures, which otherwise the first verification waits for. */
  prepare?(): Promise<void>;
  dispose(): Promise<void>;
}

export interface SpeechStream {
  /** Samples may be split anywhere between calls; a remainder shorter than 512 waits for the next call. */
  probabilities(samples: Int16Array): Promise<Float32Array>;
  close(): Promise<void>;
}

/** An image that cannot be read; its message may be shown to a client. */
export class ImageError extends Error {
  override readonly name = 'ImageError';
}

/** Why a provider is unavailable: an unreachable service, a used-up quota. The message may be shown to a proctor. */
export class VisionError extends Error {
  override readonly name = 'VisionError';
  /** Whether trying again soon would be pointless. */
  readonly isFinal: boolean;

  constructor(message: string, { isFinal, ...options }: ErrorOptions & { isFinal: boolean }) {
    super(message, options);
    this.isFinal = isFinal;
  }
}
