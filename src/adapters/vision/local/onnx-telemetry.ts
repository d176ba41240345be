/**
 * From 1.29 on onnxruntime tells Microsoft of each process and each model that it opens, keeps an identifier of the machine
 * under `~/.cache/Microsoft`, and does neither where this is set before it is loaded (docs/Privacy.md of onnxruntime). Who
 * starts worker threads imports this too: what a worker sets in `process.env` stays in its copy, which native code does
 * not read.
 */
// oxlint-disable-next-line no-process-env -- native code reads it there
process.env['ORT_DISABLE_TELEMETRY'] = '1';
