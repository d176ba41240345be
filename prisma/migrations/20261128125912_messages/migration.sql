-- CreateEnum
CREATE TYPE "MessageSender" AS ENUM ('STAFF', 'PARTICIPANT', 'SYSTEM');

-- AlterEnum
-- This migration adds more than one value to an enum.
-- With PostgreSQL versions 11 and earlier, this is not possible
-- in a single migration. This can be worked around by creating
-- multiple migrations, each migration adding only one value to
-- the enum.


ALTER TYPE "EventKind" ADD VALUE 'MESSAGE_SENT';
ALTER TYPE "EventKind" ADD VALUE 'MESSAGE_READ';

-- CreateTable
CREATE TABLE "Message" (
    "id" TEXT NOT NULL,
    "examId" TEXT NOT NULL,
    "seq" BIGINT NOT NULL,
    "participantId" TEXT,
    "userId" TEXT,
    "from" "MessageSender" NOT NULL,
    "by" TEXT NOT NULL,
    "text" TEXT NOT NULL,
    "sentAt" TIMESTAMPTZ(3) NOT NULL,
    "readAt" TIMESTAMPTZ(3),

    CONSTRAINT "Message_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "MessageRead" (
    "messageId" TEXT NOT NULL,
    "participantId" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "MessageRead_pkey" PRIMARY KEY ("messageId","participantId")
);

-- CreateIndex
CREATE INDEX "Message_participantId_seq_idx" ON "Message"("participantId", "seq");

-- CreateIndex
CREATE UNIQUE INDEX "Message_examId_seq_key" ON "Message"("examId", "seq");

-- CreateIndex
CREATE INDEX "MessageRead_participantId_idx" ON "MessageRead"("participantId");

-- AddForeignKey
ALTER TABLE "Message" ADD CONSTRAINT "Message_examId_fkey" FOREIGN KEY ("examId") REFERENCES "Exam"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Message" ADD CONSTRAINT "Message_participantId_fkey" FOREIGN KEY ("participantId") REFERENCES "Participant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "MessageRead" ADD CONSTRAINT "MessageRead_messageId_fkey" FOREIGN KEY ("messageId") REFERENCES "Message"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "MessageRead" ADD CONSTRAINT "MessageRead_participantId_fkey" FOREIGN KEY ("participantId") REFERENCES "Participant"("id") ON DELETE CASCADE ON UPDATE CASCADE;
