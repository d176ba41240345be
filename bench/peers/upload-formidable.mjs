import { open } from 'node:fs/promises';
import { createServer } from 'node:http';
import { formidable } from 'formidable';
import { answerJson, listen } from './lib/listen.mjs';

const LIMIT = 2 ** 32;

listen(
  createServer(async (req, res) => {
    const form = formidable({ uploadDir: process.env.DATA_DIR, hashAlgorithm: 'sha256', maxFileSize: LIMIT, maxTotalFileSize: LIMIT });
    const [, { file }] = await form.parse(req);
    const [{ filepath, size, hash }] = file;
    const handle = await open(filepath, 'r+');
    await handle.sync();
    await handle.close();
    answerJson(res, { size, sha256: hash });
  }),
);
