import type { Database } from '../../adapters/database/database.ts';
import { notFound } from '../../errors.ts';
import type { Participant, RecordingType, Verdict } from '../../generated/prisma/client.ts';
import type { Evidence } from '../evidence/evidence.ts';
import type { EvidenceTrack } from '../evidence/ledger.ts';
import { type Counts, totalsOf, type WarningTotals } from '../reads/counts.ts';

/** The results of one participant in a report of the exam. */
export interface ReportRow extends Pick<
  Participant,
  'userId' | 'name' | 'group' | 'status' | 'joinedAt' | 'startedAt' | 'extraMinutes' | 'creditMs' | 'outageMs' | 'review'
> {
  submittedAt: Date | null;
  warnings: WarningTotals;
  /** What was received of what was expected, 0..1; null for what the exam does not record. */
  coverage: Record<Lowercase<RecordingType>, number | null>;
  /** The decision that made the review what it is; null if none did. */
  verdict: Pick<Verdict, 'status' | 'reason' | 'by' | 'at'> | null;
  contested: boolean;
}

export interface ExamReport {
  exam: { id: string; title: string; duration: number; startedAt: Date | null; endedAt: Date | null };
  generatedAt: Date;
  participants: ReportRow[];
}

const PAGE = 500;

function coverageOf(tracks: readonly EvidenceTrack[], type: RecordingType): number | null {
  const track = tracks.find((one) => one.type === type);
  if (!track || track.expectedSeconds === 0) return null;
  return track.receivedSeconds / track.expectedSeconds;
}

interface Dependencies {
  db: Database['prisma'];
  evidence: Evidence;
  counts: Counts;
}

const collator = new Intl.Collator('und', { numeric: true });
const byName = (a: ReportRow, b: ReportRow) => collator.compare(a.name ?? a.userId, b.name ?? b.userId);

/** The results of an exam: a line per participant, by name. */
export function createExamReports({ db, evidence, counts }: Dependencies) {
  const readPage = (examId: string, after: string | null) =>
    db.participant.findMany({
      where: { examId },
      orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
      take: PAGE,
      ...(after !== null && { cursor: { id: after }, skip: 1 }),
      include: {
        verdicts: { where: { final: true }, orderBy: { seq: 'desc' }, take: 1 },
        contest: { select: { participantId: true } },
        submissions: { orderBy: { submittedAt: 'desc' }, take: 1, select: { submittedAt: true } },
      },
    });
  type Row = Awaited<ReturnType<typeof readPage>>[number];

  async function toRow(participant: Row): Promise<ReportRow> {
    const [tracks, warnings] = await Promise.all([evidence.of(participant), counts.ofParticipant(participant).then(totalsOf)]);
    const { userId, name, group, status, joinedAt, startedAt, extraMinutes, creditMs, outageMs, review } = participant;
    const [verdict] = participant.verdicts;
    return {
      ...{ userId, name, group, status, joinedAt, startedAt, extraMinutes, creditMs, outageMs, review },
      submittedAt: participant.submissions[0]?.submittedAt ?? null,
      warnings,
      coverage: { webcam: coverageOf(tracks, 'WEBCAM'), screen: coverageOf(tracks, 'SCREEN') },
      verdict: verdict ? { status: verdict.status, reason: verdict.reason, by: verdict.by, at: verdict.at } : null,
      contested: participant.contest !== null,
    };
  }

  return {
    async of(examId: string): Promise<ExamReport> {
      const exam = await db.exam.findUnique({
        where: { id: examId },
        select: { id: true, title: true, duration: true, startedAt: true, endedAt: true },
      });
      if (!exam) throw notFound('Exam');
      const participants: ReportRow[] = [];
      for (let after: string | null = null; ;) {
        const page = await readPage(examId, after);
        // What a page needs is read together.
        participants.push(...(await Promise.all(page.map(toRow))));
        const last = page.at(-1);
        if (!last || page.length < PAGE) break;
        after = last.id;
      }
      return { exam, generatedAt: new Date(), participants: participants.toSorted(byName) };
    },
  };
}
