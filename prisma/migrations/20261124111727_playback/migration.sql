-- AlterTable
ALTER TABLE "Recording" ADD COLUMN     "playback" TEXT NOT NULL DEFAULT 'waiting';

-- CreateTable
CREATE TABLE "RecordingFile" (
    "recordingId" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "at" INTEGER NOT NULL DEFAULT 0,
    "size" BIGINT NOT NULL,
    "sha256" TEXT NOT NULL,
    "storageKey" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "RecordingFile_pkey" PRIMARY KEY ("recordingId","kind","at")
);

-- CreateIndex
CREATE UNIQUE INDEX "RecordingFile_storageKey_key" ON "RecordingFile"("storageKey");

-- CreateIndex
CREATE INDEX "Recording_playback_idx" ON "Recording"("playback");

-- AddForeignKey
ALTER TABLE "RecordingFile" ADD CONSTRAINT "RecordingFile_recordingId_fkey" FOREIGN KEY ("recordingId") REFERENCES "Recording"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- As of a chunk: see the migration of live recordings.
CREATE TRIGGER "RecordingFile_obsolete" AFTER DELETE ON "RecordingFile"
REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION "keepObsoleteFiles"();
