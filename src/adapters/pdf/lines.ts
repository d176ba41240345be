import bidiFactory from 'bidi-js';
import LineBreaker from 'linebreak';
import type { Face } from './faces.ts';

/** Text of one face and one direction, as it stands on the line from left to right. */
export interface Run {
  text: string;
  face: Face;
}

export type Measure = (run: Run) => number;

// Its types are those of its ES module, which Node does not load.
const bidi = (bidiFactory as unknown as typeof bidiFactory.default)();
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Characters that no face has are shown as this. */
const MISSING = '\u25a1';

/** Cuts a text where its face changes. A space or a comma stays with what is before it, if that face has it. */
export function facesOf(text: string, faces: readonly Face[]): Run[] {
  const runs: Run[] = [];
  for (const { segment } of graphemes.segment(text)) {
    const points = Array.from(segment, (character) => character.codePointAt(0) ?? 0).filter(
      (point) => point !== 0xfe0f && point !== 0x200d,
    );
    const hasAll = (face: Face) => points.every((point) => face.has(point));
    const before = runs.at(-1);
    const isPlain = !/\p{L}|\p{N}/u.test(segment);
    const face = isPlain && before && hasAll(before.face) ? before.face : faces.find(hasAll);
    const [first] = faces;
    const found = face ?? first;
    if (!found) continue;
    const shown = face ? segment : MISSING;
    if (before?.face === found) before.text += shown;
    else runs.push({ text: shown, face: found });
  }
  return runs;
}

/** The runs of one line, from left to right (Unicode Standard Annex #9). */
export function visualRuns(line: string, faces: readonly Face[]): Run[] {
  const { levels } = bidi.getEmbeddingLevels(line, 'auto');
  // Brackets turn round where the text does (rule L4).
  const mirrored = bidi.getMirroredCharactersMap(line, levels);
  const pieces: { text: string; level: number }[] = [];
  for (let at = 0; at < line.length; at++) {
    const level = levels[at] ?? 0;
    const piece = pieces.at(-1);
    const character = mirrored.get(at) ?? line[at] ?? '';
    if (piece && piece.level === level) piece.text += character;
    else pieces.push({ text: character, level });
  }
  const highest = Math.max(0, ...pieces.map(({ level }) => level));
  // Rule L2: from the highest level down, what stands together is reversed.
  for (let level = highest; level > 0; level--)
    for (let from = 0; from < pieces.length; from++) {
      let to = from;
      while ((pieces[to]?.level ?? -1) >= level) to++;
      pieces.splice(from, to - from, ...pieces.slice(from, to).reverse());
      from = to;
    }
  return pieces.flatMap(({ text, level }) => {
    const runs = facesOf(text, faces);
    return level % 2 === 1 ? runs.reverse() : runs;
  });
}

/** Whether a line is read from right to left. */
export const isRightToLeft = (text: string): boolean => (bidi.getEmbeddingLevels(text, 'auto').paragraphs[0]?.level ?? 0) % 2 === 1;

/** Breaks a text into lines of at most this width (Unicode Standard Annex #14); a word that is too long is cut. */
export function breakLines(text: string, faces: readonly Face[], { width, measure }: { width: number; measure: Measure }): string[] {
  const widthOf = (part: string) => facesOf(part, faces).reduce((sum, run) => sum + measure(run), 0);
  const lines: string[] = [];
  for (const paragraph of text.split(/\r\n|[\n\r\u2028\u2029]/)) {
    let line = '';
    for (const word of wordsOf(paragraph)) {
      if (widthOf((line + word).trimEnd()) <= width) {
        line += word;
        continue;
      }
      if (line !== '') lines.push(line.trimEnd());
      line = '';
      for (const { segment } of graphemes.segment(word)) {
        if (line !== '' && widthOf(line + segment) > width) {
          lines.push(line);
          line = '';
        }
        line += segment;
      }
    }
    lines.push(line.trimEnd());
  }
  return lines;
}

function wordsOf(paragraph: string): string[] {
  const breaker = new LineBreaker(paragraph);
  const words: string[] = [];
  let from = 0;
  for (let found = breaker.nextBreak(); found; found = breaker.nextBreak()) {
    words.push(paragraph.slice(from, found.position));
    from = found.position;
  }
  return words;
}
