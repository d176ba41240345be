import { controlRoutes } from './control.ts';
import { examRoutes } from './exams.ts';
import { liveRecordingRoutes } from './live-recordings.ts';
import { proctorRoutes } from './proctors.ts';
import { recordingRoutes } from './recordings.ts';
import { reviewRoutes } from './reviews.ts';
import type { Route } from './route.ts';
import { snapshotRoutes } from './snapshots.ts';
import { timeRoutes } from './time.ts';
import { verifyRoutes } from './verify.ts';

/** The whole REST API except tus uploads. */
export const routes: readonly Route[] = [
  ...examRoutes,
  ...controlRoutes,
  ...proctorRoutes,
  ...liveRecordingRoutes,
  ...recordingRoutes,
  ...reviewRoutes,
  ...snapshotRoutes,
  ...timeRoutes,
  ...verifyRoutes,
];
