-- CreateTable
CREATE TABLE "VisionSpending" (
    "month" DATE NOT NULL,
    "units" BIGINT NOT NULL,
    "day" DATE NOT NULL,
    "dayUnits" BIGINT NOT NULL,

    CONSTRAINT "VisionSpending_pkey" PRIMARY KEY ("month")
);
