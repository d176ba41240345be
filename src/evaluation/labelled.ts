import type { Row } from './csv.ts';

export type Half = 'tune' | 'judge';
export const HALVES: readonly Half[] = ['tune', 'judge'];

/** A row of a table, and the files that it is about, below the folder. */
export interface Labelled {
  table: string;
  /** Of the table, counted from 1, which is the header. */
  line: number;
  row: Row;
  files: readonly string[];
  /** What several rows of one file are parts of; the files themselves otherwise. */
  clips: readonly string[];
}

/** Columns about how rows belong together; they are neither read by a detector nor groups. */
export const ABOUT_ROWS = ['split', 'person', 'clip'];

export const isPicture = (file: string) => /\.(jpe?g|png|webp)$/i.test(file);
