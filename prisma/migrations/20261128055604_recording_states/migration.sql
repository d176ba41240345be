-- The states of a recording were text. Values are kept, and a server of the release before goes on working meanwhile, since
-- its statements give them as literals or as parameters without a type.

-- CreateEnum
CREATE TYPE "RecordingStage" AS ENUM ('receiving', 'joining', 'queued', 'off', 'reading', 'watching', 'listening', 'done', 'failed');

-- CreateEnum
CREATE TYPE "PlaybackState" AS ENUM ('waiting', 'ready', 'failed');

-- CreateEnum
CREATE TYPE "RecordingFileKind" AS ENUM ('playback', 'poster', 'strip', 'frame');

-- AlterTable
ALTER TABLE "Recording"
  ALTER COLUMN "stage" DROP DEFAULT,
  ALTER COLUMN "stage" TYPE "RecordingStage" USING "stage"::"RecordingStage",
  ALTER COLUMN "stage" SET DEFAULT 'queued',
  ALTER COLUMN "playback" DROP DEFAULT,
  ALTER COLUMN "playback" TYPE "PlaybackState" USING "playback"::"PlaybackState",
  ALTER COLUMN "playback" SET DEFAULT 'waiting';

-- AlterTable
ALTER TABLE "RecordingFile" ALTER COLUMN "kind" TYPE "RecordingFileKind" USING "kind"::"RecordingFileKind";
