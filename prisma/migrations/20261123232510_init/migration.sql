-- CreateEnum
CREATE TYPE "ExamStatus" AS ENUM ('CREATED', 'IN_PROGRESS', 'COMPLETED', 'CANCELLED');

-- CreateEnum
CREATE TYPE "ParticipantStatus" AS ENUM ('INVITED', 'CHECKING_IN', 'WAITING', 'ACTIVE', 'PAUSED', 'DISCONNECTED', 'SUBMITTED', 'TIMED_OUT', 'TERMINATED');

-- CreateEnum
CREATE TYPE "ReviewStatus" AS ENUM ('NOT_REVIEWED', 'IN_REVIEW', 'PASSED', 'SUSPICIOUS', 'VIOLATION', 'CONTESTED', 'UPHELD', 'OVERTURNED');

-- CreateEnum
CREATE TYPE "WarningSeverity" AS ENUM ('INFO', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL');

-- CreateEnum
CREATE TYPE "WarningSource" AS ENUM ('CLIENT', 'ANALYSIS', 'PROCTOR', 'SYSTEM');

-- CreateEnum
CREATE TYPE "WarningDecision" AS ENUM ('CONFIRMED', 'DISMISSED');

-- CreateEnum
CREATE TYPE "RecordingType" AS ENUM ('WEBCAM', 'SCREEN');

-- CreateEnum
CREATE TYPE "RecordingStatus" AS ENUM ('UPLOADED', 'PROCESSING', 'PROCESSED', 'FAILED');

-- CreateEnum
CREATE TYPE "EventKind" AS ENUM ('WARNING_ADDED', 'WARNING_REVIEWED', 'PARTICIPANT_CHANGED', 'EXAM_CHANGED', 'RECORDING_CHANGED');

-- CreateEnum
CREATE TYPE "ApiKeyRole" AS ENUM ('ADMIN', 'LMS', 'PROCTOR');

-- CreateTable
CREATE TABLE "Exam" (
    "id" TEXT NOT NULL,
    "tenant" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "duration" INTEGER NOT NULL,
    "settings" JSONB NOT NULL,
    "extra" JSONB,
    "status" "ExamStatus" NOT NULL DEFAULT 'CREATED',
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "startedAt" TIMESTAMPTZ(3),
    "endedAt" TIMESTAMPTZ(3),
    "lastSeq" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "Exam_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Participant" (
    "id" TEXT NOT NULL,
    "examId" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "name" TEXT,
    "status" "ParticipantStatus" NOT NULL DEFAULT 'INVITED',
    "joinedAt" TIMESTAMPTZ(3),
    "lastSeenAt" TIMESTAMPTZ(3),
    "extraMinutes" INTEGER NOT NULL DEFAULT 0,
    "review" "ReviewStatus" NOT NULL DEFAULT 'NOT_REVIEWED',
    "warningCount" INTEGER NOT NULL DEFAULT 0,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Participant_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Warning" (
    "id" TEXT NOT NULL,
    "examId" TEXT NOT NULL,
    "seq" BIGINT NOT NULL,
    "participantId" TEXT,
    "userId" TEXT,
    "type" TEXT NOT NULL,
    "severity" "WarningSeverity" NOT NULL,
    "source" "WarningSource" NOT NULL,
    "timestamp" TIMESTAMPTZ(3) NOT NULL,
    "recordedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "details" TEXT,
    "confidence" DOUBLE PRECISION,
    "recordingId" TEXT,
    "offsetSeconds" DOUBLE PRECISION,
    "clientEventId" TEXT,
    "reviewDecision" "WarningDecision",
    "reviewReason" TEXT,
    "reviewBy" TEXT,
    "reviewAt" TIMESTAMPTZ(3),

    CONSTRAINT "Warning_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Event" (
    "examId" TEXT NOT NULL,
    "seq" BIGINT NOT NULL,
    "kind" "EventKind" NOT NULL,
    "subjectId" TEXT NOT NULL,
    "userId" TEXT,
    "data" JSONB,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Event_pkey" PRIMARY KEY ("examId","seq")
);

-- CreateTable
CREATE TABLE "Submission" (
    "id" TEXT NOT NULL,
    "examId" TEXT NOT NULL,
    "participantId" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "stats" JSONB NOT NULL,
    "warningsReceived" INTEGER NOT NULL,
    "warningsStored" INTEGER NOT NULL,
    "idempotencyKey" TEXT,
    "submittedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Submission_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Recording" (
    "id" TEXT NOT NULL,
    "examId" TEXT NOT NULL,
    "participantId" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "submissionId" TEXT,
    "type" "RecordingType" NOT NULL,
    "status" "RecordingStatus" NOT NULL DEFAULT 'UPLOADED',
    "duration" DOUBLE PRECISION,
    "size" BIGINT NOT NULL,
    "format" TEXT NOT NULL,
    "sha256" TEXT NOT NULL,
    "storageKey" TEXT NOT NULL,
    "error" TEXT,
    "stage" TEXT NOT NULL DEFAULT 'queued',
    "progress" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Recording_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Analysis" (
    "recordingId" TEXT NOT NULL,
    "detector" TEXT NOT NULL,
    "sampledFrames" INTEGER NOT NULL,
    "facePresent" DOUBLE PRECISION,
    "multipleFaces" DOUBLE PRECISION,
    "noFace" DOUBLE PRECISION,
    "phoneUsage" DOUBLE PRECISION,
    "lookingAway" DOUBLE PRECISION,
    "talking" DOUBLE PRECISION,
    "screenIdle" DOUBLE PRECISION,
    "screenBlank" DOUBLE PRECISION,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Analysis_pkey" PRIMARY KEY ("recordingId")
);

-- CreateTable
CREATE TABLE "AnalysisSegment" (
    "recordingId" TEXT NOT NULL,
    "ordinal" INTEGER NOT NULL,
    "type" TEXT NOT NULL,
    "startSeconds" DOUBLE PRECISION NOT NULL,
    "endSeconds" DOUBLE PRECISION NOT NULL,
    "confidence" DOUBLE PRECISION NOT NULL,

    CONSTRAINT "AnalysisSegment_pkey" PRIMARY KEY ("recordingId","ordinal")
);

-- CreateTable
CREATE TABLE "Verification" (
    "id" TEXT NOT NULL,
    "tenant" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "verified" BOOLEAN NOT NULL,
    "confidence" DOUBLE PRECISION NOT NULL,
    "matchScore" DOUBLE PRECISION NOT NULL,
    "faceDetected" BOOLEAN NOT NULL,
    "warnings" TEXT[],
    "detector" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Verification_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ApiKey" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "role" "ApiKeyRole" NOT NULL,
    "tenant" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "prefix" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "revokedAt" TIMESTAMPTZ(3),

    CONSTRAINT "ApiKey_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "IdempotencyRecord" (
    "scope" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "status" INTEGER,
    "body" JSONB,
    "lockedUntil" TIMESTAMPTZ(3) NOT NULL,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "IdempotencyRecord_pkey" PRIMARY KEY ("scope","key")
);

-- CreateIndex
CREATE INDEX "Exam_tenant_createdAt_id_idx" ON "Exam"("tenant", "createdAt" DESC, "id");

-- CreateIndex
CREATE INDEX "Exam_tenant_status_createdAt_id_idx" ON "Exam"("tenant", "status", "createdAt" DESC, "id");

-- CreateIndex
CREATE INDEX "Participant_examId_status_idx" ON "Participant"("examId", "status");

-- CreateIndex
CREATE INDEX "Participant_userId_idx" ON "Participant"("userId");

-- CreateIndex
CREATE UNIQUE INDEX "Participant_examId_userId_key" ON "Participant"("examId", "userId");

-- CreateIndex
CREATE INDEX "Warning_participantId_seq_idx" ON "Warning"("participantId", "seq");

-- CreateIndex
CREATE INDEX "Warning_examId_userId_type_timestamp_idx" ON "Warning"("examId", "userId", "type", "timestamp");

-- CreateIndex
CREATE INDEX "Warning_recordingId_idx" ON "Warning"("recordingId");

-- CreateIndex
CREATE UNIQUE INDEX "Warning_examId_seq_key" ON "Warning"("examId", "seq");

-- CreateIndex
CREATE UNIQUE INDEX "Warning_examId_userId_clientEventId_key" ON "Warning"("examId", "userId", "clientEventId");

-- CreateIndex
CREATE UNIQUE INDEX "Submission_participantId_key" ON "Submission"("participantId");

-- CreateIndex
CREATE INDEX "Submission_examId_submittedAt_idx" ON "Submission"("examId", "submittedAt");

-- CreateIndex
CREATE UNIQUE INDEX "Recording_storageKey_key" ON "Recording"("storageKey");

-- CreateIndex
CREATE INDEX "Recording_examId_createdAt_id_idx" ON "Recording"("examId", "createdAt", "id");

-- CreateIndex
CREATE INDEX "Recording_participantId_createdAt_idx" ON "Recording"("participantId", "createdAt");

-- CreateIndex
CREATE INDEX "Recording_submissionId_idx" ON "Recording"("submissionId");

-- CreateIndex
CREATE INDEX "Recording_status_createdAt_idx" ON "Recording"("status", "createdAt");

-- CreateIndex
CREATE INDEX "Verification_tenant_userId_createdAt_idx" ON "Verification"("tenant", "userId", "createdAt" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "ApiKey_hash_key" ON "ApiKey"("hash");

-- CreateIndex
CREATE INDEX "IdempotencyRecord_expiresAt_idx" ON "IdempotencyRecord"("expiresAt");

-- AddForeignKey
ALTER TABLE "Participant" ADD CONSTRAINT "Participant_examId_fkey" FOREIGN KEY ("examId") REFERENCES "Exam"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Warning" ADD CONSTRAINT "Warning_examId_fkey" FOREIGN KEY ("examId") REFERENCES "Exam"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Warning" ADD CONSTRAINT "Warning_participantId_fkey" FOREIGN KEY ("participantId") REFERENCES "Participant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Warning" ADD CONSTRAINT "Warning_recordingId_fkey" FOREIGN KEY ("recordingId") REFERENCES "Recording"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Event" ADD CONSTRAINT "Event_examId_fkey" FOREIGN KEY ("examId") REFERENCES "Exam"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Submission" ADD CONSTRAINT "Submission_examId_fkey" FOREIGN KEY ("examId") REFERENCES "Exam"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Submission" ADD CONSTRAINT "Submission_participantId_fkey" FOREIGN KEY ("participantId") REFERENCES "Participant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Recording" ADD CONSTRAINT "Recording_examId_fkey" FOREIGN KEY ("examId") REFERENCES "Exam"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Recording" ADD CONSTRAINT "Recording_participantId_fkey" FOREIGN KEY ("participantId") REFERENCES "Participant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Recording" ADD CONSTRAINT "Recording_submissionId_fkey" FOREIGN KEY ("submissionId") REFERENCES "Submission"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Analysis" ADD CONSTRAINT "Analysis_recordingId_fkey" FOREIGN KEY ("recordingId") REFERENCES "Recording"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "AnalysisSegment" ADD CONSTRAINT "AnalysisSegment_recordingId_fkey" FOREIGN KEY ("recordingId") REFERENCES "Analysis"("recordingId") ON DELETE CASCADE ON UPDATE CASCADE;
