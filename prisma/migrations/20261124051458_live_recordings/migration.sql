-- AlterTable
ALTER TABLE "Recording" ADD COLUMN     "finishClaimedUntil" TIMESTAMPTZ(3),
ADD COLUMN     "finishDueAt" TIMESTAMPTZ(3),
ADD COLUMN     "lastChunkAt" TIMESTAMPTZ(3),
ADD COLUMN     "live" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "nextChunk" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "note" TEXT;

-- CreateTable
CREATE TABLE "RecordingChunk" (
    "recordingId" TEXT NOT NULL,
    "index" INTEGER NOT NULL,
    "size" BIGINT NOT NULL,
    "sha256" TEXT NOT NULL,
    "storageKey" TEXT NOT NULL,
    "head" BYTEA NOT NULL,
    "receivedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "RecordingChunk_pkey" PRIMARY KEY ("recordingId","index")
);

-- CreateTable
CREATE TABLE "ObsoleteFile" (
    "storageKey" TEXT NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "ObsoleteFile_pkey" PRIMARY KEY ("storageKey")
);

-- CreateIndex
CREATE INDEX "Recording_live_finishDueAt_idx" ON "Recording"("live", "finishDueAt");

-- AddForeignKey
ALTER TABLE "RecordingChunk" ADD CONSTRAINT "RecordingChunk_recordingId_fkey" FOREIGN KEY ("recordingId") REFERENCES "Recording"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Bytes outlive their row by one sweep, whatever deletes it: the end of the recording, or its exam with all that hangs on it.
-- Prisma's engine cuts a migration at every semicolon, also within a body: there \073 stands for one.
CREATE FUNCTION "keepObsoleteFiles"() RETURNS trigger LANGUAGE plpgsql AS E'BEGIN
  INSERT INTO "ObsoleteFile" ("storageKey") SELECT "storageKey" FROM gone ON CONFLICT DO NOTHING\073
  RETURN NULL\073
END';

CREATE TRIGGER "RecordingChunk_obsolete" AFTER DELETE ON "RecordingChunk"
REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION "keepObsoleteFiles"();
