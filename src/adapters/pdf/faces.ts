import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Font, openSync } from 'fontkit';

const require = createRequire(import.meta.url);

/** The folder of an installed package. Its entry is in it; not every package lets its package.json be found. */
function folderOf(name: string): string {
  const entry = require.resolve(name).replaceAll('\\', '/');
  return entry.slice(0, entry.lastIndexOf(`/${name}/`) + name.length + 1);
}

interface FaceFiles {
  name: string;
  package: string;
  regular: string;
  bold: string;
}

const web = (script: string): FaceFiles => ({
  name: script,
  package: `@fontsource/noto-sans-${script}`,
  regular: `files/noto-sans-${script}-${script}-400-normal.woff`,
  bold: `files/noto-sans-${script}-${script}-700-normal.woff`,
});

/** In the order in which they are tried: together they have the letters of most names. */
const FILES: readonly FaceFiles[] = [
  { name: 'latin', package: '@embedpdf/fonts-latin', regular: 'fonts/NotoSans-Regular.ttf', bold: 'fonts/NotoSans-Bold.ttf' },
  {
    name: 'arabic',
    package: '@embedpdf/fonts-arabic',
    regular: 'fonts/NotoNaskhArabic-Regular.ttf',
    bold: 'fonts/NotoNaskhArabic-Bold.ttf',
  },
  {
    name: 'hebrew',
    package: '@embedpdf/fonts-hebrew',
    regular: 'fonts/NotoSansHebrew-Regular.ttf',
    bold: 'fonts/NotoSansHebrew-Bold.ttf',
  },
  ...['thai', 'bengali', 'tamil', 'georgian', 'armenian'].map(web),
  { name: 'chinese', package: '@embedpdf/fonts-sc', regular: 'fonts/NotoSansHans-Regular.otf', bold: 'fonts/NotoSansHans-Bold.otf' },
  { name: 'korean', package: '@embedpdf/fonts-kr', regular: 'fonts/NotoSansKR-Regular.otf', bold: 'fonts/NotoSansKR-Bold.otf' },
];

/** A font file, opened when a document first needs it. */
export interface Face {
  /** Unique among all. */
  name: string;
  path: string;
  has(codePoint: number): boolean;
}

function face({ name, package: from, ...files }: FaceFiles, weight: 'regular' | 'bold'): Face {
  let font: Font | undefined;
  const path = join(folderOf(from), files[weight]);
  return {
    name: `${name}-${weight}`,
    path,
    has: (codePoint) => (font ??= openSync(path) as Font).hasGlyphForCodePoint(codePoint),
  };
}

export const faces = {
  regular: FILES.map((files) => face(files, 'regular')),
  bold: FILES.map((files) => face(files, 'bold')),
};
