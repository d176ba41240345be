// One pg statement on node:http, without authentication, visibility or links: about the minimum work of a server.
import { createServer } from 'node:http';
import { Pool } from 'pg';
import { CONNECTIONS } from './lib/ingest.mjs';
import { answerJson, listen } from './lib/listen.mjs';

const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: CONNECTIONS });
const text = `SELECT e.id, e.title, e.duration, e.settings, e.status, e."createdAt", e."startedAt", e."endedAt",
  (SELECT coalesce(json_agg(p), '[]') FROM (
    SELECT "userId" AS id, name, status, "joinedAt" FROM "Participant" WHERE "examId" = e.id ORDER BY "createdAt", id) p) AS participants,
  (SELECT coalesce(json_agg(w), '[]') FROM (
    SELECT id, timestamp, type, "userId", details, severity, source FROM "Warning" WHERE "examId" = e.id ORDER BY seq LIMIT 1000) w) AS warnings
  FROM "Exam" e WHERE e.id = $1`;

listen(
  createServer(async (req, res) => {
    const { rows } = await pool.query({ name: 'exam', text, values: [req.url?.split('/')[3]] });
    answerJson(res, rows[0]);
  }),
);
