import { checkInRoutes } from './check-in.ts';
import { controlRoutes } from './control.ts';
import { examRoutes } from './exams.ts';
import { liveRecordingRoutes } from './live-recordings.ts';
import { messageRoutes } from './messages.ts';
import { participantListRoutes } from './participant-lists.ts';
import { proctorRoutes } from './proctors.ts';
import { receiptRoutes } from './receipts.ts';
import { recordingRoutes } from './recordings.ts';
import { rehearsalRoutes } from './rehearsal.ts';
import { reportRoutes } from './reports.ts';
import { reviewRoutes } from './reviews.ts';
import { rosterRoutes } from './roster.ts';
import type { Route } from './route.ts';
import { snapshotRoutes } from './snapshots.ts';
import { timeRoutes } from './time.ts';
import { verifyRoutes } from './verify.ts';

/** The whole REST API except tus uploads. */
export const routes: readonly Route[] = [
  ...examRoutes,
  ...controlRoutes,
  ...rosterRoutes,
  ...checkInRoutes,
  ...rehearsalRoutes,
  ...messageRoutes,
  ...participantListRoutes,
  ...proctorRoutes,
  ...liveRecordingRoutes,
  ...receiptRoutes,
  ...reportRoutes,
  ...recordingRoutes,
  ...reviewRoutes,
  ...snapshotRoutes,
  ...timeRoutes,
  ...verifyRoutes,
];
