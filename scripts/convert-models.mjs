// Converts the vision models to ONNX once, so that no thread has to at start. Needs the compiled server.
//   node scripts/convert-models.mjs
import { keepNets } from '#built/adapters/vision/local/nets.js';

const kept = keepNets();
if (kept.length === 0) console.error('The converted models differ on this platform: every start converts them again.');
