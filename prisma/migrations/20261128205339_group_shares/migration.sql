-- CreateTable
CREATE TABLE "GroupShare" (
    "examId" TEXT NOT NULL,
    "group" TEXT NOT NULL,
    "takenBy" TEXT NOT NULL,
    "takenAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "GroupShare_pkey" PRIMARY KEY ("examId","group")
);

-- AddForeignKey
ALTER TABLE "GroupShare" ADD CONSTRAINT "GroupShare_examId_fkey" FOREIGN KEY ("examId") REFERENCES "Exam"("id") ON DELETE CASCADE ON UPDATE CASCADE;
