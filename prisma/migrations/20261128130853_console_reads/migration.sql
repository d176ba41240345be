-- CreateTable
-- Pictures that are replaced every few seconds and needed by nobody after a crash: not in the write-ahead log, not on standbys.
CREATE UNLOGGED TABLE "LatestSnapshot" (
    "participantId" TEXT NOT NULL,
    "sealed" BYTEA NOT NULL,
    "takenAt" TIMESTAMPTZ(3) NOT NULL,
    "storedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "LatestSnapshot_pkey" PRIMARY KEY ("participantId")
);

-- CreateIndex
CREATE INDEX "Warning_examId_participantId_severity_reviewDecision_idx" ON "Warning"("examId", "participantId", "severity", "reviewDecision");

-- AddForeignKey
ALTER TABLE "LatestSnapshot" ADD CONSTRAINT "LatestSnapshot_participantId_fkey" FOREIGN KEY ("participantId") REFERENCES "Participant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- They are encrypted, so compression would only take time.
ALTER TABLE "LatestSnapshot" ALTER COLUMN "sealed" SET STORAGE EXTERNAL;

-- Each replaced picture leaves an old one behind, far more bytes than the share of rows suggests.
ALTER TABLE "LatestSnapshot" SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, toast.autovacuum_vacuum_scale_factor = 0, toast.autovacuum_vacuum_threshold = 5000);
