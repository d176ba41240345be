-- CreateTable
CREATE TABLE "Verdict" (
    "id" TEXT NOT NULL,
    "participantId" TEXT NOT NULL,
    "seq" BIGINT NOT NULL,
    "status" "ReviewStatus" NOT NULL,
    "reason" TEXT,
    "by" TEXT NOT NULL,
    "reviewer" TEXT NOT NULL,
    "final" BOOLEAN NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "Verdict_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Contest" (
    "participantId" TEXT NOT NULL,
    "text" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "answer" TEXT,
    "answeredBy" TEXT,
    "answeredAt" TIMESTAMPTZ(3),

    CONSTRAINT "Contest_pkey" PRIMARY KEY ("participantId")
);

-- CreateTable
CREATE TABLE "ProctorLink" (
    "id" TEXT NOT NULL,
    "examId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "createdBy" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,
    "revokedAt" TIMESTAMPTZ(3),
    "revokedBy" TEXT,

    CONSTRAINT "ProctorLink_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "Verdict_participantId_seq_key" ON "Verdict"("participantId", "seq");

-- CreateIndex
CREATE INDEX "ProctorLink_examId_createdAt_idx" ON "ProctorLink"("examId", "createdAt");

-- AddForeignKey
ALTER TABLE "Verdict" ADD CONSTRAINT "Verdict_participantId_fkey" FOREIGN KEY ("participantId") REFERENCES "Participant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Contest" ADD CONSTRAINT "Contest_participantId_fkey" FOREIGN KEY ("participantId") REFERENCES "Participant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ProctorLink" ADD CONSTRAINT "ProctorLink_examId_fkey" FOREIGN KEY ("examId") REFERENCES "Exam"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- The decisions of before are in the log. The name of one API key is that key, other names are those of links.
INSERT INTO "Verdict" ("id", "participantId", "seq", "status", "reason", "by", "reviewer", "final", "at")
SELECT 'verd_' || substr(md5(e."examId" || e.seq), 1, 24), p.id, e.seq, (e.data->>'review')::"ReviewStatus", e.data->>'reason', e.data->>'by',
    coalesce(
      (SELECT 'key:' || min(k.id) FROM "ApiKey" k WHERE k.name = e.data->>'by' HAVING count(*) = 1),
      CASE e.data->>'by' WHEN 'proctor link' THEN 'shared:' ELSE 'link:' || lower(e.data->>'by') END),
    e.data->>'review' NOT IN ('NOT_REVIEWED', 'IN_REVIEW'), e.at
  FROM "Event" e JOIN "Participant" p ON p.id = e."subjectId"
 WHERE e.kind = 'PARTICIPANT_CHANGED' AND e.data ? 'review' AND e.data->>'by' IS NOT NULL;
