import { createApp } from '../../../dist/src/app.js';
import { loadConfig } from '../../../dist/src/config.js';
import { createLogger } from '../../../dist/src/log.js';

/** The schema of the server under test, and the context that its resolvers get: those of an admin, without authentication. */
export { schema } from '../../../dist/src/schema/index.js';

export async function createContext() {
  const config = loadConfig({ ...process.env, INLINE_WORKER: 'false' });
  const log = createLogger('error');
  const { db, storage, services } = await createApp(config, log);
  const viewer = { role: 'admin', tenant: null, examId: null, userId: null, name: 'benchmark', keyId: null, expiresAt: null };
  const shared = { viewer, db, services, storage, config, log, publicUrl: 'http://localhost:4000', idempotencyKey: null };
  // A new object a request, because Pothos keeps what it loads by its context.
  return () => ({ ...shared, requestId: 'benchmark' });
}
