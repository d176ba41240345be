import { parentPort, workerData } from 'node:worker_threads';
import { createPdf } from './document.ts';
import type { Block, PdfScript } from './script.ts';

const { blocks, ...about } = workerData as PdfScript;
const pdf = createPdf(about);

function draw(block: Block): void {
  if (block.kind === 'together') {
    pdf.keepTogether(block.blocks);
    block.blocks.forEach(draw);
  } else if (block.kind === 'picture') pdf.picture(block.image, block.description);
  else if (block.kind === 'fact') pdf.fact(block.name, block.value);
  else if (block.kind === 'rule') pdf.rule();
  else if (block.kind === 'title' || block.kind === 'heading') pdf[block.kind](block.text);
  else pdf.paragraph(block.text, block.kind);
}

blocks.forEach(draw);
const bytes = new Uint8Array(await pdf.end());
parentPort?.postMessage(bytes, []);
