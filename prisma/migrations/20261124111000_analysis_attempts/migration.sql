-- AlterTable
ALTER TABLE "Recording" ADD COLUMN     "attempts" INTEGER NOT NULL DEFAULT 0;
