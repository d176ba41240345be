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

-- CreateTable
CREATE TABLE "ChunkRun" (
    "recordingId" TEXT NOT NULL,
    "firstIndex" INTEGER NOT NULL,
    "lastIndex" INTEGER NOT NULL,
    "isGiven" BOOLEAN NOT NULL,
    "from" TIMESTAMPTZ(3) NOT NULL,
    "to" TIMESTAMPTZ(3) NOT NULL,
    "leastDelay" DOUBLE PRECISION NOT NULL,
    "arrivedFrom" TIMESTAMPTZ(3) NOT NULL,
    "arrivedTo" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "ChunkRun_pkey" PRIMARY KEY ("recordingId","firstIndex")
);

-- AddForeignKey
ALTER TABLE "ChunkRun" ADD CONSTRAINT "ChunkRun_recordingId_fkey" FOREIGN KEY ("recordingId") REFERENCES "Recording"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Live recordings that accept chunks go on, all others take no more.
UPDATE "Recording" r SET "chunkCount" = (SELECT count(*) FROM "RecordingChunk" c WHERE c."recordingId" = r.id), closed = (stage <> 'receiving')
 WHERE live;
-- How many came of those that are joined was not counted: all, unless the note names some that did not.
UPDATE "Recording" SET "chunkCount" = "nextChunk", "finishDueAt" = NULL
 WHERE NOT live AND "lastChunkAt" IS NOT NULL AND coalesce(note, '') NOT LIKE '%Never arrived%';
UPDATE "Recording" SET "finishDueAt" = NULL WHERE NOT live AND "finishDueAt" IS NOT NULL;
-- As if what has come was recorded without a gap: how it was is not known.
INSERT INTO "ChunkRun" ("recordingId", "firstIndex", "lastIndex", "isGiven", "from", "to", "leastDelay", "arrivedFrom", "arrivedTo")
SELECT id, 0, "nextChunk" - 1, false, "createdAt", "lastChunkAt", 0, "createdAt", "lastChunkAt" FROM "Recording" WHERE live AND "lastChunkAt" IS NOT NULL;
