-- AlterTable
ALTER TABLE "Participant" ADD COLUMN     "coveredUntil" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "ServerPulse" (
    "id" INTEGER NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "ServerPulse_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ServerOutage" (
    "id" TEXT NOT NULL,
    "from" TIMESTAMPTZ(3) NOT NULL,
    "to" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "ServerOutage_pkey" PRIMARY KEY ("id")
);

-- Who is offline is known by it from now on.
UPDATE "Participant" SET "offlineSince" = coalesce("lastSeenAt", now()) WHERE status = 'DISCONNECTED';
