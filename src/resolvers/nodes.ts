import type { Context } from '../context.ts';
import { visibleParticipants, visibleSubmissions, visibleWarnings } from '../services/access/sight.ts';
import { findExam } from './exams.ts';
import { requireViewer } from './policy.ts';
import { findRecording } from './recordings.ts';
import { findVerification } from './verifications.ts';

/** Finds any row by its id, whose prefix names the kind; null if it does not exist or the viewer may not see it. */
export async function findNode(ctx: Context, id: string) {
  requireViewer(ctx);
  const only = { id };
  switch (id.slice(0, id.indexOf('_'))) {
    case 'exam':
      return findExam(ctx, id);
    case 'part':
      return ctx.db.participant.findFirst({ where: { AND: [only, visibleParticipants(ctx.viewer)] } });
    case 'warn':
      return ctx.db.warning.findFirst({ where: { AND: [only, visibleWarnings(ctx.viewer)] } });
    case 'sub':
      return ctx.db.submission.findFirst({ where: { AND: [only, visibleSubmissions(ctx.viewer)] } });
    case 'rec':
      return findRecording(ctx, id);
    case 'ver':
      return findVerification(ctx, id);
    default:
      return null;
  }
}
