// Mercurius on Fastify with the schema of the server under test; without its JIT, which is off by default.
import Fastify from 'fastify';
import mercurius from 'mercurius';
import { announce, portOf } from './lib/listen.mjs';
import { createContext, schema } from './lib/reads.mjs';

const app = Fastify();
await app.register(mercurius, { schema, context: await createContext() });
await app.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 });
announce(portOf(app.server));
