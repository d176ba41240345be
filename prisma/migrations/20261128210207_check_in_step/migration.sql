-- AlterTable
ALTER TABLE "Participant" ADD COLUMN     "checkInStep" TEXT;
