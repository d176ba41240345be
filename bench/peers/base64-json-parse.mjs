// JSON.parse of the whole body and Buffer.from of the string, as frameworks do with a JSON body.
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { answerJson, listen, readJson } from './lib/listen.mjs';
import { store } from './lib/uploads.mjs';

listen(
  createServer(async (req, res) => {
    const { webcam } = await readJson(req);
    answerJson(res, await store(Readable.from([Buffer.from(webcam.data, 'base64')], { objectMode: false })));
  }),
);
