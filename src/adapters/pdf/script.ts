/** What a document shows, from top to bottom. */
export type Block =
  | { kind: 'title' | 'heading' | 'text' | 'strong' | 'small'; text: string }
  | { kind: 'fact'; name: string; value: string }
  | { kind: 'rule' }
  /** An encoded JPEG or PNG. */
  | { kind: 'picture'; image: Uint8Array; description: string }
  /** What is not divided between two pages, if it fits on one. */
  | { kind: 'together'; blocks: Block[] };

export interface PdfScript {
  /** For the list of documents and for screen readers. */
  title: string;
  /** On each page, before its number. */
  footer: string;
  createdAt: Date;
  blocks: Block[];
}
