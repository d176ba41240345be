-- AlterTable
ALTER TABLE "Exam" ADD COLUMN     "closesAt" TIMESTAMPTZ(3),
ADD COLUMN     "opensAt" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "Participant" ADD COLUMN     "creditMinutes" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "endsAt" TIMESTAMPTZ(3),
ADD COLUMN     "group" TEXT,
ADD COLUMN     "remainingMs" INTEGER,
ADD COLUMN     "startedAt" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "TimeCredit" (
    "id" TEXT NOT NULL,
    "participantId" TEXT NOT NULL,
    "minutes" INTEGER NOT NULL,
    "reason" TEXT NOT NULL,
    "by" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "TimeCredit_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "TimeCredit_participantId_at_idx" ON "TimeCredit"("participantId", "at");

-- CreateIndex
CREATE INDEX "Exam_status_closesAt_idx" ON "Exam"("status", "closesAt");

-- CreateIndex
CREATE INDEX "Participant_endsAt_idx" ON "Participant"("endsAt");

-- AddForeignKey
ALTER TABLE "TimeCredit" ADD CONSTRAINT "TimeCredit_participantId_fkey" FOREIGN KEY ("participantId") REFERENCES "Participant"("id") ON DELETE CASCADE ON UPDATE CASCADE;
