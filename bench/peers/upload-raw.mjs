// The body of a request piped to a file and hashed: about the least that a server can do.
import { createServer } from 'node:http';
import { answerJson, listen } from './lib/listen.mjs';
import { store } from './lib/uploads.mjs';

listen(createServer(async (req, res) => answerJson(res, await store(req))));
