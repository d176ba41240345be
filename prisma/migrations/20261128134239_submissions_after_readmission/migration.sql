-- DropIndex
DROP INDEX "Submission_participantId_key";

-- AlterTable
ALTER TABLE "Participant" ADD COLUMN     "readmittedAt" TIMESTAMPTZ(3);

-- CreateIndex
CREATE INDEX "Submission_participantId_submittedAt_idx" ON "Submission"("participantId", "submittedAt");
