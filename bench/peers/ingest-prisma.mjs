// One Prisma `create` per request, into the model of the server under test.
import { PrismaPg } from '@prisma/adapter-pg';
import { Pool } from 'pg';
import { PrismaClient } from '#built/generated/prisma/client.js';
import { CONNECTIONS, serveInserts } from './lib/ingest.mjs';

const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: CONNECTIONS });
const prisma = new PrismaClient({ adapter: new PrismaPg(pool) });
const exams = new Map();
let seq = 0n;

const examOnce = (id) => {
  if (!exams.has(id))
    exams.set(id, prisma.exam.create({ data: { id, tenant: 'default', title: 'Benchmark', duration: 60, settings: {} } }));
  return exams.get(id);
};

serveInserts(async (row) => {
  await examOnce(row.examId);
  seq += 1n;
  const stored = await prisma.warning.create({ data: { ...row, seq, severity: 'MEDIUM', source: 'CLIENT', timestamp: new Date() } });
  return { ...stored, seq: Number(stored.seq) };
});
