-- CreateEnum
CREATE TYPE "ContentMode" AS ENUM ('EMBEDDED', 'WINDOW');

-- AlterTable
ALTER TABLE "Exam" ADD COLUMN     "contentMode" "ContentMode" NOT NULL DEFAULT 'EMBEDDED',
ADD COLUMN     "contentUrl" TEXT;

-- AlterTable
ALTER TABLE "Participant" ADD COLUMN     "creditMs" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "device" JSONB,
ADD COLUMN     "handRaisedAt" TIMESTAMPTZ(3),
ADD COLUMN     "handText" TEXT,
ADD COLUMN     "noticeAcceptedAt" TIMESTAMPTZ(3),
ADD COLUMN     "noticeVersion" TEXT,
ADD COLUMN     "offlineSince" TIMESTAMPTZ(3),
ADD COLUMN     "outageCreditMs" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "outageMs" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "seatOpen" BOOLEAN NOT NULL DEFAULT false;

-- Measured outages are no whole minutes.
UPDATE "Participant" SET "creditMs" = "creditMinutes" * 60000 WHERE "creditMinutes" <> 0;
ALTER TABLE "Participant" DROP COLUMN "creditMinutes";

-- AlterTable
ALTER TABLE "TimeCredit" ADD COLUMN     "ms" INTEGER;
UPDATE "TimeCredit" SET "ms" = "minutes" * 60000;
ALTER TABLE "TimeCredit" ALTER COLUMN "ms" SET NOT NULL,
DROP COLUMN "minutes";
