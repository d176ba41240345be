import sharp from 'sharp';

/** What each single-coloured picture shows to the fake service. */
export const scenes = {
  ahead: 'lime',
  /** Eyes only. */
  glance: 'cyan',
  /** The head 20° down: still looking at the screen. */
  lowered: 'magenta',
  /** The head 40° to the side. */
  turned: 'blue',
  nobody: 'red',
  two: 'white',
  phone: 'yellow',
} as const;

export type SceneName = keyof typeof scenes;

/** Red, green and blue of each scene, each full or none. */
const CODES: Record<string, SceneName> = {
  '010': 'ahead',
  '011': 'glance',
  '101': 'lowered',
  '001': 'turned',
  '100': 'nobody',
  '111': 'two',
  '110': 'phone',
};

interface Asked {
  jpeg: Buffer;
  features: readonly string[];
  width: number;
  height: number;
}

/** Answers like Google: all attributes of a face, objects of all kinds, zeros omitted as in proto3. */
export async function annotatePicture({ jpeg, features, width, height }: Asked): Promise<object> {
  const scene = await readScene(jpeg);
  return {
    ...(features.includes('FACE_DETECTION') && { faceAnnotations: facesOf(scene, width, height) }),
    ...(features.includes('OBJECT_LOCALIZATION') && { localizedObjectAnnotations: objectsOf(scene) }),
  };
}

async function readScene(jpeg: Buffer): Promise<SceneName> {
  const { channels } = await sharp(jpeg).extract({ left: 0, top: 0, width: 32, height: 32 }).stats();
  const scene = CODES[channels.map(({ mean }) => (mean > 128 ? '1' : '0')).join('')];
  if (!scene) throw new Error('the picture shows nothing that is known');
  return scene;
}

function facesOf(scene: SceneName, width: number, height: number): object[] {
  const centre = { x: width / 2, y: height / 2 };
  switch (scene) {
    case 'nobody':
      return [];
    case 'two':
      return [face({ x: width * 0.3, y: centre.y, confidence: 0.81 }), face({ x: width * 0.7, y: centre.y, confidence: 0.93 })];
    case 'glance':
      return [face({ ...centre, gaze: 0.72 })];
    case 'lowered':
      return [face({ ...centre, tilt: -20 })];
    case 'turned':
      return [face({ ...centre, pan: 40 })];
    default:
      return [face(centre)];
  }
}

interface FaceShape {
  x: number;
  y: number;
  pan?: number;
  tilt?: number;
  gaze?: number;
  confidence?: number;
}

function face({ x, y, pan = 1.5, tilt = -2.5, gaze = 0.52, confidence = 0.94 }: FaceShape): object {
  const eye = (side: 'LEFT' | 'RIGHT', left: number) => [
    landmark(`${side}_EYE`, left + 15, y - 20),
    landmark(`${side}_EYE_LEFT_CORNER`, left, y - 20),
    landmark(`${side}_EYE_RIGHT_CORNER`, left + 30, y - 20),
    landmark(`${side}_EYE_PUPIL`, left + 30 * gaze, y - 20),
    landmark(`${side}_EAR_TRAGION`, side === 'LEFT' ? x - 70 : x + 70, y),
  ];
  return {
    boundingPoly: polygon(x - 80, y - 110, 160, 190),
    fdBoundingPoly: polygon(x - 60, y - 60, 120, 130),
    landmarks: [...eye('LEFT', x - 45), ...eye('RIGHT', x + 15), landmark('NOSE_TIP', x, y + 10), landmark('CHIN_GNATHION', x, y + 75)],
    rollAngle: 0.7,
    panAngle: pan,
    tiltAngle: tilt,
    detectionConfidence: confidence,
    landmarkingConfidence: 0.6,
    joyLikelihood: 'VERY_UNLIKELY',
    sorrowLikelihood: 'VERY_UNLIKELY',
    angerLikelihood: 'VERY_LIKELY',
    surpriseLikelihood: 'VERY_UNLIKELY',
    underExposedLikelihood: 'VERY_UNLIKELY',
    blurredLikelihood: 'VERY_UNLIKELY',
    headwearLikelihood: 'VERY_UNLIKELY',
  };
}

const landmark = (type: string, x: number, y: number) => ({ type, position: { x, y, z: 3.5 } });

const polygon = (x: number, y: number, width: number, height: number) => ({
  vertices: [
    { x: Math.round(x), y: Math.round(y) },
    { x: Math.round(x + width), y: Math.round(y) },
    { x: Math.round(x + width), y: Math.round(y + height) },
    { x: Math.round(x), y: Math.round(y + height) },
  ],
});

function objectsOf(scene: SceneName): object[] {
  const person = { mid: '/m/01g317', name: 'Person', score: 0.91, boundingPoly: share(0.1, 0.1, 0.8, 0.9) };
  if (scene === 'nobody') return [];
  // At the left edge x is 0 and therefore omitted.
  return scene === 'phone'
    ? [person, { mid: '/m/050k8', name: 'Mobile phone', score: 0.72, boundingPoly: share(0, 0.5, 0.2, 0.3) }]
    : [person];
}

const share = (x: number, y: number, width: number, height: number) => ({
  normalizedVertices: [
    { x, y },
    { x: x + width, y },
    { x: x + width, y: y + height },
    { x, y: y + height },
  ],
});
