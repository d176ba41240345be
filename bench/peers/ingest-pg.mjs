// One plain INSERT per request with pg, committed separately, into a table with the columns and indexes of a warning.
import { Pool } from 'pg';
import { CONNECTIONS, serveInserts } from './lib/ingest.mjs';

const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: CONNECTIONS });
await pool.query(`
  CREATE TABLE plain_warning (id TEXT PRIMARY KEY, seq BIGSERIAL, "examId" TEXT NOT NULL, "userId" TEXT, type TEXT NOT NULL, details TEXT,
    severity TEXT NOT NULL, source TEXT NOT NULL, "clientEventId" TEXT, timestamp TIMESTAMPTZ NOT NULL DEFAULT now(), UNIQUE ("examId", seq));
  CREATE INDEX ON plain_warning ("examId", "userId", type, timestamp);
  CREATE UNIQUE INDEX ON plain_warning ("examId", "userId", "clientEventId")`);

serveInserts(async ({ id, examId, userId, type, details }) => {
  const { rows } = await pool.query({
    name: 'insert',
    text: `INSERT INTO plain_warning (id, "examId", "userId", type, details, severity, source) VALUES ($1, $2, $3, $4, $5, 'MEDIUM', 'CLIENT') RETURNING *`,
    values: [id, examId, userId, type, details],
  });
  return rows[0];
});
