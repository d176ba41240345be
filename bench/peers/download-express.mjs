import { createServer } from 'node:http';
import express from 'express';
import { listen } from './lib/listen.mjs';

const app = express();
app.get('/download', (_req, res) => res.sendFile(process.env.FILE));
listen(createServer(app));
