-- DropIndex
DROP INDEX "Participant_examId_status_idx";

-- AlterTable
ALTER TABLE "Participant" ADD COLUMN     "sendsHeartbeats" BOOLEAN NOT NULL DEFAULT false;

-- CreateIndex
CREATE INDEX "Participant_sendsHeartbeats_status_idx" ON "Participant"("sendsHeartbeats", "status");

-- Room in every page for the new version of a row that a heartbeat touches, so that no index is written (HOT).
ALTER TABLE "Participant" SET (fillfactor = 80);
