// stream-json's parser; its pieces of the string are decoded as they arrive.
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { parser } from 'stream-json';
import { answerJson, listen } from './lib/listen.mjs';
import { store } from './lib/uploads.mjs';

async function* decoded(req) {
  let inData = false;
  let key = '';
  let rest = '';
  for await (const { name, value } of req.pipe(parser.asStream({ packStrings: false, packKeys: true, streamNumbers: false }))) {
    if (name === 'keyValue') key = value;
    else if (name === 'startString') inData = key === 'data';
    else if (name === 'endString') inData = false;
    else if (name === 'stringChunk' && inData) {
      const text = rest + value;
      const whole = text.length - (text.length % 4);
      rest = text.slice(whole);
      yield Buffer.from(text.slice(0, whole), 'base64');
    }
  }
  if (rest) yield Buffer.from(rest, 'base64');
}

listen(createServer(async (req, res) => answerJson(res, await store(Readable.from(decoded(req), { objectMode: false })))));
