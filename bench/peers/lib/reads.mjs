import { createApp } from '#built/app.js';
import { loadConfig } from '#built/config.js';
import { createLogger } from '#built/log.js';

/**
 * The schema of the server under test, and a context for its resolvers: that of an admin, without authentication, and with the
 * exam read by Prisma, as usual with Pothos' plugin, instead of our hand-written statement.
 */
export { schema } from '#built/schema/index.js';

export async function createContext() {
  const config = loadConfig({ ...process.env, INLINE_WORKER: 'false' });
  const log = createLogger('error');
  const { db, storage, services: own } = await createApp(config, log);
  const services = { ...own, hotReads: { ...own.hotReads, readExamPages: byPrisma(db) } };
  const viewer = { role: 'admin', tenant: null, examId: null, userId: null, name: 'benchmark', keyId: null, expiresAt: null };
  const shared = { viewer, db, services, storage, config, log, publicUrl: 'http://localhost:4000', idempotencyKey: null };
  // A new object per request, because Pothos caches loaded data per context.
  return () => ({ ...shared, requestId: 'benchmark' });
}

const byPrisma =
  (db) =>
  (id, _sight, { participants, warnings }) =>
    db.exam.findFirst({
      where: { id },
      include: {
        ...(participants !== null && { participants: { orderBy: [{ createdAt: 'asc' }, { id: 'asc' }], take: participants } }),
        ...(warnings !== null && { warnings: { orderBy: { seq: 'asc' }, take: warnings } }),
      },
    });
