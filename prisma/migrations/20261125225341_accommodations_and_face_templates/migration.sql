-- AlterTable
ALTER TABLE "Analysis" ADD COLUMN     "suppressed" TEXT[] DEFAULT ARRAY[]::TEXT[];

-- CreateTable
CREATE TABLE "Accommodation" (
    "participantId" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "by" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "Accommodation_pkey" PRIMARY KEY ("participantId","type")
);

-- CreateTable
CREATE TABLE "FaceTemplate" (
    "tenant" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "sealed" BYTEA NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "FaceTemplate_pkey" PRIMARY KEY ("tenant","userId")
);

-- CreateIndex
CREATE INDEX "FaceTemplate_expiresAt_idx" ON "FaceTemplate"("expiresAt");

-- AddForeignKey
ALTER TABLE "Accommodation" ADD CONSTRAINT "Accommodation_participantId_fkey" FOREIGN KEY ("participantId") REFERENCES "Participant"("id") ON DELETE CASCADE ON UPDATE CASCADE;
