-- CreateTable
CREATE TABLE "SeenMark" (
    "participantId" TEXT NOT NULL,
    "reviewer" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "seq" BIGINT NOT NULL,

    CONSTRAINT "SeenMark_pkey" PRIMARY KEY ("participantId","reviewer")
);

-- AddForeignKey
ALTER TABLE "SeenMark" ADD CONSTRAINT "SeenMark_participantId_fkey" FOREIGN KEY ("participantId") REFERENCES "Participant"("id") ON DELETE CASCADE ON UPDATE CASCADE;
