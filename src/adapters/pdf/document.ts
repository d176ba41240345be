import { buffer } from 'node:stream/consumers';
import PdfKit from 'pdfkit';
import { type Face, faces } from './faces.ts';
import { breakLines, isRightToLeft, type Measure, visualRuns } from './lines.ts';
import type { Block } from './script.ts';

const MARGIN = 50;
const LEADING = 1.45;
const SIZES = { title: 18, heading: 13, text: 9.5, small: 8 };
const INK = '#1a1c20';
const SOFT = '#565b66';
const LINE = '#d5d8de';
/** Between the name and the value of a fact. */
const NAME_WIDTH = 130;
const MOST_PICTURE = { width: 240, height: 180 };
/** What a picture takes beside its own height, a rule, and what a title and a heading take beside their text. */
const EXTRA = { picture: 8, rule: 11, title: 4, heading: 12 };

type Size = keyof typeof SIZES;

interface Style {
  size: Size;
  weight: keyof typeof faces;
  color: string;
}

const STYLES = {
  title: { size: 'title', weight: 'bold', color: INK },
  heading: { size: 'heading', weight: 'bold', color: INK },
  text: { size: 'text', weight: 'regular', color: INK },
  strong: { size: 'text', weight: 'bold', color: INK },
  small: { size: 'small', weight: 'regular', color: SOFT },
} as const satisfies Record<string, Style>;

/** Where a text stands, in points. */
interface Place {
  left: number;
  width: number;
  /** Whether it begins at the left although it is read from right to left, as in a column. */
  isFlush: boolean;
}

/** What the types of pdfkit leave out. */
interface OpenedImage {
  width: number;
  height: number;
}
interface ImageOpener {
  openImage(bytes: Buffer): OpenedImage;
}

/**
 * A tagged PDF (ISO 32000-1, 14.8) of A4 pages: headings, facts, paragraphs and pictures, in text of most scripts and of either
 * direction. Nothing is fetched; fonts are embedded in part.
 */
export function createPdf({ title, footer, createdAt }: { title: string; footer: string; createdAt: Date }) {
  const doc = new PdfKit({
    size: 'A4',
    margin: MARGIN,
    tagged: true,
    pdfVersion: '1.7',
    lang: 'en',
    displayTitle: true,
    bufferPages: true,
    autoFirstPage: true,
    info: { Title: title, Producer: 'Invigil', Creator: 'Invigil', CreationDate: createdAt },
  });
  const root = doc.struct('Document');
  doc.addStructure(root);
  const bytes = buffer(doc);
  const known = new Set<string>();
  const right = doc.page.width - MARGIN;
  let y = MARGIN;

  function use(face: Face, size: number): typeof doc {
    if (!known.has(face.name)) {
      doc.registerFont(face.name, face.path);
      known.add(face.name);
    }
    return doc.font(face.name, size);
  }

  const measureIn =
    (size: number): Measure =>
    ({ text, face }) =>
      // Features, even none, make pdfkit shape the run as a whole.
      use(face, size).widthOfString(text, { features: [] });

  function room(height: number): void {
    if (y + height <= doc.page.height - MARGIN) return;
    doc.addPage();
    y = MARGIN;
  }

  function drawLine(line: string, style: Style, { left, width, isFlush }: Place): void {
    const size = SIZES[style.size];
    const runs = visualRuns(line, faces[style.weight]);
    const measure = measureIn(size);
    const widths = runs.map(measure);
    let x = isRightToLeft(line) && !isFlush ? left + width - widths.reduce((sum, one) => sum + one, 0) : left;
    for (const [i, { text, face }] of runs.entries()) {
      use(face, size)
        .fillColor(style.color)
        .text(text, x, y + size, { features: [], lineBreak: false, baseline: 'alphabetic' });
      x += widths[i] ?? 0;
    }
    y += size * LEADING;
  }

  const linesOf = (text: string, { size, weight }: Style, width: number): string[] =>
    breakLines(text, faces[weight], { width, measure: measureIn(SIZES[size]) });

  /** Draws a text below what is there, as an element of its own. */
  function write(
    tag: string,
    text: string,
    style: Style,
    { left = MARGIN, width = right - left, isFlush = false }: Partial<Place> = {},
  ): void {
    const size = SIZES[style.size];
    const lines = linesOf(text, style, width);
    // What is drawn from left to right is not what is read.
    const element = doc.struct(tag, { actual: text });
    for (const line of lines) {
      room(size * LEADING);
      element.add(doc.struct('Span', {}, () => drawLine(line, style, { left, width, isFlush })));
    }
    root.add(element);
    element.end();
  }

  /** @returns null for bytes that are no picture */
  function open(picture: Uint8Array): { image: OpenedImage; width: number; height: number } | null {
    try {
      const image = (doc as unknown as ImageOpener).openImage(Buffer.from(picture));
      const scale = Math.min(MOST_PICTURE.width / image.width, MOST_PICTURE.height / image.height, 1);
      return { image, width: image.width * scale, height: image.height * scale };
    } catch {
      return null;
    }
  }

  const heightOfText = (text: string, style: Style, width = right - MARGIN) =>
    linesOf(text, style, width).length * SIZES[style.size] * LEADING;

  function heightOf(block: Block): number {
    if (block.kind === 'together') return block.blocks.reduce((sum, one) => sum + heightOf(one), 0);
    if (block.kind === 'rule') return EXTRA.rule;
    if (block.kind === 'picture') {
      const opened = open(block.image);
      return opened ? opened.height + EXTRA.picture : 0;
    }
    if (block.kind === 'fact')
      return Math.max(
        heightOfText(block.name, STYLES.small, NAME_WIDTH - 10),
        heightOfText(block.value, STYLES.text, right - MARGIN - NAME_WIDTH),
      );
    const extra = block.kind === 'title' || block.kind === 'heading' ? EXTRA[block.kind] : 0;
    return heightOfText(block.text, STYLES[block.kind]) + extra;
  }

  return {
    /** Goes on to the next page if what follows does not fit on this one, but fits on that. */
    keepTogether(blocks: readonly Block[]): void {
      const height = blocks.reduce((sum, block) => sum + heightOf(block), 0);
      if (height <= doc.page.height - 2 * MARGIN) room(height);
    },

    title(text: string): void {
      write('H1', text, STYLES.title);
      y += EXTRA.title;
    },

    heading(text: string): void {
      room(60);
      y += 10;
      write('H2', text, STYLES.heading);
      y += 2;
    },

    paragraph: (text: string, style: 'text' | 'strong' | 'small' = 'text') => write('P', text, STYLES[style]),

    /** A name with its value beside it. */
    fact(name: string, value: string): void {
      room(SIZES.text * LEADING);
      const top = y;
      write('P', name, STYLES.small, { width: NAME_WIDTH - 10 });
      const after = y;
      const wasNewPage = after < top;
      y = wasNewPage ? after - SIZES.small * LEADING : top;
      write('P', value, STYLES.text, { left: MARGIN + NAME_WIDTH, isFlush: true });
      if (y < after && !wasNewPage) y = after;
    },

    /** A line between two parts. */
    rule(): void {
      room(EXTRA.rule);
      y += 5;
      doc.markContent('Artifact', { type: 'Layout' });
      doc.moveTo(MARGIN, y).lineTo(right, y).lineWidth(0.5).strokeColor(LINE).stroke();
      doc.endMarkedContent();
      y += 6;
    },

    /** @param picture an encoded JPEG or PNG; one that cannot be drawn is left out */
    picture(picture: Uint8Array, description: string): boolean {
      const opened = open(picture);
      if (!opened) return false;
      const { image, width, height } = opened;
      room(height + EXTRA.picture);
      const draw = () => doc.image(image as never, MARGIN, y + 2, { width });
      root.add(doc.struct('Figure', { alt: description }, draw));
      y += height + EXTRA.picture;
      return true;
    },

    /** Writes the footer of each page and returns the whole document. */
    async end(): Promise<Buffer> {
      const { start, count } = doc.bufferedPageRange();
      for (let page = start; page < start + count; page++) {
        doc.switchToPage(page);
        y = doc.page.height - MARGIN + 14;
        doc.page.margins.bottom = 0;
        doc.markContent('Artifact', { type: 'Pagination' });
        drawLine(`${footer} — ${page - start + 1}/${count}`, STYLES.small, { left: MARGIN, width: right - MARGIN, isFlush: true });
        doc.endMarkedContent();
      }
      root.end();
      doc.end();
      return bytes;
    },
  };
}
