-- CreateIndex
CREATE INDEX "Warning_decided" ON "Warning"("examId", "type", "source", "reviewDecision") WHERE ("reviewDecision" IS NOT NULL);
