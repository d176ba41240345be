// Stock Yoga's own multipart: its fetch implementation reads the whole form before a resolver runs.
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { createSchema, createYoga } from 'graphql-yoga';
import { listen } from './lib/listen.mjs';
import { store } from './lib/uploads.mjs';

const yoga = createYoga({
  schema: createSchema({
    typeDefs:
      'scalar File type Query { ok: Boolean } type Stored { size: Float! sha256: String! } type Mutation { upload(file: File!): Stored! }',
    resolvers: {
      Mutation: {
        upload: async (_root, { file }) => store(Readable.from([Buffer.from(await file.arrayBuffer())], { objectMode: false })),
      },
    },
  }),
  logging: false,
  // The default is 25 MB.
  maxRequestBodySize: false,
});
listen(createServer(yoga));
