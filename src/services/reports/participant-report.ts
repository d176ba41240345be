import type { Database } from '../../adapters/database/database.ts';
import { notFound } from '../../errors.ts';
import type { Prisma } from '../../generated/prisma/client.ts';
import type { Evidence } from '../evidence/evidence.ts';
import type { EvidenceTrack } from '../evidence/ledger.ts';

/** Warnings of one participant in a report; more are a sign of a broken client, and the report says that there are more. */
const MOST_WARNINGS = 5_000;

const INCLUDE = {
  exam: { select: { id: true, title: true, duration: true, startedAt: true, endedAt: true } },
  timeCredits: { orderBy: [{ at: 'asc' }, { id: 'asc' }] },
  accommodations: { orderBy: [{ at: 'asc' }, { type: 'asc' }] },
  submissions: { orderBy: { submittedAt: 'asc' }, select: { id: true, submittedAt: true, warningsReceived: true, warningsStored: true } },
  recordings: { orderBy: [{ createdAt: 'asc' }, { id: 'asc' }], take: 500 },
  warnings: { orderBy: { seq: 'asc' }, take: MOST_WARNINGS + 1 },
  verdicts: { orderBy: { seq: 'asc' } },
  contest: true,
  verifications: { orderBy: { createdAt: 'asc' }, take: 100 },
} satisfies Prisma.ParticipantInclude;

type Found = Prisma.ParticipantGetPayload<{ include: typeof INCLUDE }>;

/** Everything that staff need to know of one participant. */
export interface ParticipantReport {
  participant: Found;
  evidence: EvidenceTrack[];
  warningsTruncated: boolean;
  generatedAt: Date;
}

export function createParticipantReports({ db, evidence }: { db: Database['prisma']; evidence: Evidence }) {
  return {
    /** @throws AppError `not_found` */
    async of(examId: string, userId: string): Promise<ParticipantReport> {
      const participant = await db.participant.findUnique({ where: { examId_userId: { examId, userId } }, include: INCLUDE });
      if (!participant) throw notFound('Participant');
      const warningsTruncated = participant.warnings.length > MOST_WARNINGS;
      return {
        participant: { ...participant, warnings: participant.warnings.slice(0, MOST_WARNINGS) },
        evidence: await evidence.of(participant),
        warningsTruncated,
        generatedAt: new Date(),
      };
    },
  };
}
