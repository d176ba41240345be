-- AlterTable
ALTER TABLE "Recording" ADD COLUMN     "playbackDueAt" TIMESTAMPTZ(3),
ADD COLUMN     "playbackTries" INTEGER NOT NULL DEFAULT 0;

-- Files that could not be made for short recordings, or while a disk was full, can be made now.
UPDATE "Recording" SET "playback" = 'waiting' WHERE "playback" = 'failed' AND "sha256" <> '';
