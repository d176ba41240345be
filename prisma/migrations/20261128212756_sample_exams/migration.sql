-- AlterTable
ALTER TABLE "Exam" ADD COLUMN     "isSample" BOOLEAN NOT NULL DEFAULT false;

-- CreateIndex
CREATE UNIQUE INDEX "Exam_sample" ON "Exam"("tenant") WHERE ("isSample");
