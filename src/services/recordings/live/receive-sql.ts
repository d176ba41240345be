import { SHUT } from '../lifecycle.ts';

/** $2 is its last chunk. */
const IS_LAST = `"chunkCount" + 1 = "expectedChunks"`;

const DELAY = `(extract(epoch FROM now() - timed."to") * 1000)::float8`;

/**
 * One statement for the chunk, its recording, and the run of chunks that it continues or begins ($9 and $10 are its time). After waiting for the row's lock it checks again, so that no chunk is accepted
 * once the recording is closed. A chunk puts off the joining, unless it is the last one or the joining has begun.
 */
export const APPEND = `
WITH open AS (
  UPDATE "Recording" r SET size = CASE WHEN live THEN size + $3 ELSE size END, "lateBytes" = CASE WHEN live THEN 0 ELSE "lateBytes" + $3 END,
         "chunkCount" = "chunkCount" + 1, "lastChunkAt" = now(), "nextChunk" = greatest("nextChunk", $2::int + 1),
         closed = ${IS_LAST} IS TRUE, stage = CASE WHEN ${IS_LAST} AND live THEN 'joining' ELSE stage END,
         "finishDueAt" = CASE WHEN ${IS_LAST} THEN now() WHEN stage = 'joining' THEN "finishDueAt" END
   WHERE id = $1::text AND NOT closed AND size + "lateBytes" + $3 <= $7 AND ("expectedChunks" IS NULL OR $2::int < "expectedChunks")
     AND ("sittingEndedAt" IS NULL OR "sittingEndedAt" >= now() - $11::float8 * interval '1 s')
     AND EXISTS (SELECT 1 FROM "Exam" e WHERE e.id = r."examId" AND e.status <> 'CANCELLED')
     AND ($8::bigint IS NULL
       OR (SELECT sum(size + "lateBytes") FROM "Recording" own WHERE own."participantId" = r."participantId") + $3 <= $8)
  RETURNING id, closed),
timed AS (
  SELECT coalesce($9::timestamptz, now() - coalesce($10::int, 0) * interval '1 ms') AS "from", coalesce($9::timestamptz + coalesce($10::int, 0) * interval '1 ms', now()) AS "to" FROM open),
extended AS (
  UPDATE "ChunkRun" run SET "lastIndex" = $2::int, "to" = greatest(run."to", timed."to"), "arrivedTo" = now(),
         "leastDelay" = least(run."leastDelay", ${DELAY})
    FROM timed
   WHERE run."recordingId" = $1::text AND run."lastIndex" = $2::int - 1 AND run."isGiven" = ($9::timestamptz IS NOT NULL)
     AND timed."from" - run."to" BETWEEN interval '-1 s' AND CASE WHEN $10::int IS NULL THEN interval '60 s' ELSE interval '1 s' END
  RETURNING 1),
begun AS (
  INSERT INTO "ChunkRun" ("recordingId", "firstIndex", "lastIndex", "isGiven", "from", "to", "leastDelay", "arrivedFrom", "arrivedTo")
  SELECT $1::text, $2::int, $2::int, $9::timestamptz IS NOT NULL, "from", "to", ${DELAY}, now() - coalesce($10::int, 0) * interval '1 ms', now() FROM timed
   WHERE NOT EXISTS (SELECT 1 FROM extended))
INSERT INTO "RecordingChunk" ("recordingId", "index", size, sha256, "storageKey", head, "startedAt", "durationMs")
SELECT id, $2::int, $3, $4, $5, $6, $9::timestamptz, $10::int FROM open
RETURNING (SELECT closed FROM open) AS "isLast"`;

/** $2 is the number that is announced. Closes the recording if all have come. */
export const ANNOUNCE = `
UPDATE "Recording" SET "expectedChunks" = $2, closed = ("chunkCount" = $2),
       stage = CASE WHEN live AND "chunkCount" = $2 THEN 'joining' ELSE stage END,
       "finishDueAt" = CASE WHEN "chunkCount" = $2 THEN now() ELSE "finishDueAt" END
 WHERE id = $1 AND NOT closed AND "expectedChunks" IS NULL AND "nextChunk" <= $2
RETURNING closed`;

/** Closes a recording with what has come. */
export const CLOSE = `UPDATE "Recording" SET ${SHUT} WHERE id = $1 AND NOT closed`;
