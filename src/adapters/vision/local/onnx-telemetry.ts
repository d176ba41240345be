/**
 * Since 1.29 onnxruntime reports each process and each opened model to Microsoft, and keeps an identifier of the machine under
 * `~/.cache/Microsoft`. It does neither if this is set before it is loaded (docs/Privacy.md of onnxruntime). Code that starts
 * worker threads must import this file too: what a worker sets in `process.env` stays in its own copy, which native code
 * does not read.
 */
// oxlint-disable-next-line no-process-env -- native code reads it there
process.env['ORT_DISABLE_TELEMETRY'] = '1';
