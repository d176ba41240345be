import { examRoutes } from './exams.ts';
import { liveRecordingRoutes } from './live-recordings.ts';
import { recordingRoutes } from './recordings.ts';
import type { Route } from './route.ts';
import { snapshotRoutes } from './snapshots.ts';
import { verifyRoutes } from './verify.ts';

/** The whole REST API but for the uploads by tus. */
export const routes: readonly Route[] = [...examRoutes, ...liveRecordingRoutes, ...recordingRoutes, ...snapshotRoutes, ...verifyRoutes];
