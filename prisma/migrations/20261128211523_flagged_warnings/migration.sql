-- CreateIndex
CREATE INDEX "Warning_flagged" ON "Warning"("examId", "recordingId") WHERE ("recordingId" IS NOT NULL AND "reviewDecision" IS NULL AND severity > 'INFO');
