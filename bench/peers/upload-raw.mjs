// The body of a request piped to a file and hashed: about the minimum work of a server.
import { createServer } from 'node:http';
import { answerJson, listen } from './lib/listen.mjs';
import { store } from './lib/uploads.mjs';

listen(createServer(async (req, res) => answerJson(res, await store(req))));
