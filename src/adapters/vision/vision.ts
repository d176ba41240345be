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
  /** The face that stands out, for comparison; null or missing where none does or `embed` was not asked for. */
  outstanding?: MainFace | null;
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

/** What was seen in an encoded picture, and the picture. */
export interface ObservedImage {
  observation: FrameObservation;
  /** At most 640 pixels wide and 480 high. */
  frame: Frame;
}

/** What to look for besides faces. */
export interface LookFor {
  phones: boolean;
  /** Whether to describe the face that stands out: the only one, or one whose box has four times the area of any other's. */
  embed?: boolean;
}

export interface VisionProvider {
  /** Names and versions of all that look at recordings, compare faces in them and listen to them, for `RecordingAnalysis.detector`. */
  readonly detector: string;
  /** Of what finds and compares the faces of pictures, for `Verification.detector`. */
  readonly verifier: string;
  /** Frames that it looks at at once. */
  readonly parallel: number;
  /**
   * Faces with pose and gaze, and phones where asked. The frame must not change afterwards: it may be asked about again.
   * @throws VisionError where what looks is a service and does not answer.
   */
  observe(frame: Frame, look: LookFor): Promise<FrameObservation>;
  /**
   * As `observe`, of an encoded JPEG, PNG or WebP, turned upright and shrunk to 640 × 480. Goes before every `observe`:
   * somebody is waiting.
   * @throws ImageError where it cannot be decoded or is larger than 40 megapixels.
   */
  observeImage(image: Uint8Array, look: LookFor): Promise<ObservedImage>;
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

/** Why a provider cannot look at present: a service that is away, a quota that is used up. A proctor may read its message. */
export class VisionError extends Error {
  override readonly name = 'VisionError';
  /** Whether trying again soon would be in vain. */
  readonly isFinal: boolean;

  constructor(message: string, { isFinal, ...options }: ErrorOptions & { isFinal: boolean }) {
    super(message, options);
    this.isFinal = isFinal;
  }
}
