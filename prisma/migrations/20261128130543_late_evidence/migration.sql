-- DropIndex
DROP INDEX "Recording_live_finishDueAt_idx";

-- AlterTable
ALTER TABLE "Recording" ADD COLUMN     "chunkCount" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "clockSkewMs" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "closed" BOOLEAN NOT NULL DEFAULT true,
ADD COLUMN     "expectedChunks" INTEGER,
ADD COLUMN     "joins" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "lateBytes" DOUBLE PRECISION NOT NULL DEFAULT 0,
ADD COLUMN     "sittingEndedAt" TIMESTAMPTZ(3),
ADD COLUMN     "spans" JSONB,
ADD COLUMN     "startedAt" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "RecordingChunk" ADD COLUMN     "durationMs" INTEGER,
ADD COLUMN     "joined" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "startedAt" TIMESTAMPTZ(3);

-- CreateIndex
CREATE INDEX "Event_of_participant" ON "Event"("subjectId", "seq") WHERE (kind = 'PARTICIPANT_CHANGED');

-- CreateIndex
CREATE INDEX "Recording_open" ON "Recording"("participantId") WHERE (NOT closed);

-- CreateIndex
CREATE INDEX "Recording_due" ON "Recording"("finishDueAt") WHERE ("finishDueAt" IS NOT NULL);

-- Live recordings that accept chunks go on, all others take no more.
UPDATE "Recording" r SET "chunkCount" = (SELECT count(*) FROM "RecordingChunk" c WHERE c."recordingId" = r.id), closed = (stage <> 'receiving')
 WHERE live;
-- How many came of those that are joined was not counted: all, unless the note names some that did not.
UPDATE "Recording" SET "chunkCount" = "nextChunk", "finishDueAt" = NULL
 WHERE NOT live AND "lastChunkAt" IS NOT NULL AND coalesce(note, '') NOT LIKE '%Never arrived%';
UPDATE "Recording" SET "finishDueAt" = NULL WHERE NOT live AND "finishDueAt" IS NOT NULL;
