-- AlterTable
ALTER TABLE "Verification" ADD COLUMN     "participantId" TEXT;

-- CreateTable
CREATE TABLE "IdentityPhoto" (
    "participantId" TEXT NOT NULL,
    "storageKey" TEXT NOT NULL,
    "size" BIGINT NOT NULL,
    "sha256" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "IdentityPhoto_pkey" PRIMARY KEY ("participantId")
);

-- CreateIndex
CREATE UNIQUE INDEX "IdentityPhoto_storageKey_key" ON "IdentityPhoto"("storageKey");

-- CreateIndex
CREATE INDEX "IdentityPhoto_expiresAt_idx" ON "IdentityPhoto"("expiresAt");

-- CreateIndex
CREATE INDEX "Verification_participantId_createdAt_idx" ON "Verification"("participantId", "createdAt" DESC);

-- AddForeignKey
ALTER TABLE "Verification" ADD CONSTRAINT "Verification_participantId_fkey" FOREIGN KEY ("participantId") REFERENCES "Participant"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "IdentityPhoto" ADD CONSTRAINT "IdentityPhoto_participantId_fkey" FOREIGN KEY ("participantId") REFERENCES "Participant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

CREATE TRIGGER "IdentityPhoto_obsolete" AFTER DELETE ON "IdentityPhoto"
REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION "keepObsoleteFiles"();
