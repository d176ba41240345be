import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * What a browser shows at `adminUrl`: what the link is for. The server never sees the token, which is behind the `#`; the page asks
 * with it for the exam's title. So the page is the same for every exam, whether there is one or not.
 */
const LINK = /^\/admin\/exam\/exam_[0-9a-z]+$/;
const TITLE = 'Link for proctors of an exam';

const STYLE = `
:root { color-scheme: light dark; --ink: #1a1c20; --soft: #565b66; --paper: #fff; --line: #d5d8de; --accent: #1f5fbf; }
@media (prefers-color-scheme: dark) { :root { --ink: #e9ebef; --soft: #a8aeba; --paper: #16181c; --line: #3a3f49; --accent: #8ab4ff; } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1.125rem/1.6 system-ui, sans-serif; }
main { max-width: 38rem; margin: 0 auto; padding: 12vh 1.5rem 3rem; overflow-wrap: anywhere; }
h1 { font-size: 1.75rem; line-height: 1.25; margin: 0 0 1.5rem; }
[role=status] { border-inline-start: 4px solid var(--accent); padding: .25rem 1rem; margin: 0 0 1.5rem; min-height: 1.6em; }
p { margin: 0 0 1rem; }
.soft { color: var(--soft); font-size: 1rem; border-block-start: 1px solid var(--line); padding-block-start: 1rem; }
code { font-size: .95em; }
`;

/** Texts are set as text, never as HTML: a title is somebody's input. */
const SCRIPT = `
const status = document.querySelector('[role=status]');
const token = new URLSearchParams(location.hash.slice(1)).get('t');
const invalid = 'This link is not complete or not valid any more. Ask the person who sent it for a new one.';
async function look() {
  if (!token) return invalid;
  const id = location.pathname.split('/').pop();
  // Relative, for a proxy that adds a prefix.
  const answer = await fetch('../../api/exams/' + id, { headers: { authorization: 'Bearer ' + token }, cache: 'no-store' });
  if (answer.status === 401 || answer.status === 404) return invalid;
  if (!answer.ok) return 'The server does not answer at the moment. Load this page again in a minute.';
  return 'Exam: ' + (await answer.json()).title;
}
look().catch(() => 'The server cannot be reached. Check your connection, then load this page again.').then((text) => { status.textContent = text; });
`;

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
<title>${TITLE} – Invigil</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${TITLE}</h1>
<p role="status">Checking the link…<noscript> (this needs JavaScript)</noscript></p>
<p>With this link a proctor's console shows an exam's warnings while they happen, and recordings and reviews afterwards. Open it in the
console that you use. Programs send what follows <code>#t=</code> as their token: <code>Authorization: Bearer …</code></p>
<p>Whoever has this link can see the candidates of the exam. Give it to its proctors only.</p>
<p class="soft">Invigil reports what was seen, when, and how sure it is; a person decides what it means.</p>
</main>
<script>${SCRIPT}</script>
</body>
</html>
`;

const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': `default-src 'none'; script-src ${hashOf(SCRIPT)}; style-src ${hashOf(STYLE)}; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'referrer-policy': 'no-referrer',
  'x-robots-tag': 'noindex',
};

/** The path for the log: exams are named there, but this page is the same for all. Null for any other path. */
export const describeLinkPage = (path: string) => (LINK.test(path) ? path.replace(/[^/]+$/, ':examId') : null);

/** Answers GET and HEAD at the path of an `adminUrl`. @returns false for anything else */
export function answerLinkPage(req: IncomingMessage, res: ServerResponse, path: string): boolean {
  if (!LINK.test(path) || (req.method !== 'GET' && req.method !== 'HEAD')) return false;
  res.writeHead(200, { ...HEADERS, 'content-length': Buffer.byteLength(PAGE) }).end(PAGE);
  return true;
}
