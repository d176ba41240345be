-- Times that were derived of what candidates said of themselves and that RFC 3339 cannot say: as if it had happened when it
-- became durable.
UPDATE "Warning" SET timestamp = "recordedAt" WHERE timestamp < '1970-01-01T00:00:00Z' OR timestamp >= '10000-01-01T00:00:00Z';
UPDATE "Warning" SET "endedAt" = "recordedAt" WHERE "endedAt" < '1970-01-01T00:00:00Z' OR "endedAt" >= '10000-01-01T00:00:00Z';
