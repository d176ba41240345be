// Stock GraphQL Yoga with the schema of the server under test.
import { createServer } from 'node:http';
import { createYoga } from 'graphql-yoga';
import { listen } from './lib/listen.mjs';
import { createContext, schema } from './lib/reads.mjs';

listen(createServer(createYoga({ schema, context: await createContext(), logging: false })));
