-- AlterEnum
ALTER TYPE "EventKind" ADD VALUE 'WARNING_UPDATED';

-- AlterTable
ALTER TABLE "Warning" ADD COLUMN     "endedAt" TIMESTAMPTZ(3),
ADD COLUMN     "hasFrame" BOOLEAN NOT NULL DEFAULT false;

-- CreateTable
CREATE TABLE "WarningFrame" (
    "warningId" TEXT NOT NULL,
    "size" BIGINT NOT NULL,
    "sha256" TEXT NOT NULL,
    "storageKey" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "WarningFrame_pkey" PRIMARY KEY ("warningId")
);

-- CreateTable
CREATE TABLE "LiveWatch" (
    "participantId" TEXT NOT NULL,
    "examId" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "frameAt" TIMESTAMPTZ(3) NOT NULL,
    "open" BOOLEAN NOT NULL,
    "state" JSONB NOT NULL,

    CONSTRAINT "LiveWatch_pkey" PRIMARY KEY ("participantId")
);

-- CreateIndex
CREATE UNIQUE INDEX "WarningFrame_storageKey_key" ON "WarningFrame"("storageKey");

-- AddForeignKey
ALTER TABLE "WarningFrame" ADD CONSTRAINT "WarningFrame_warningId_fkey" FOREIGN KEY ("warningId") REFERENCES "Warning"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "LiveWatch" ADD CONSTRAINT "LiveWatch_participantId_fkey" FOREIGN KEY ("participantId") REFERENCES "Participant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

CREATE TRIGGER "WarningFrame_obsolete" AFTER DELETE ON "WarningFrame"
REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION "keepObsoleteFiles"();
