import { createServer } from 'node:http';
import { processRequest } from 'graphql-upload-minimal';
import { answerJson, listen } from './lib/listen.mjs';
import { store } from './lib/uploads.mjs';

listen(
  createServer(async (req, res) => {
    /** @type {any} */
    const { variables } = await processRequest(req, res, { maxFileSize: 2 ** 32 });
    const { createReadStream } = await variables.file.promise;
    answerJson(res, await store(createReadStream()));
  }),
);
