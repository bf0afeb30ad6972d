import * as v from 'valibot';

/** Characters of content: more is no export that a panel makes. */
const MOST_CONTENT = 64 * 1024 * 1024;

/** A file that a panel has made. Its name is one part of a path, and ends in what the panel can make. */
export const exportFile = v.object({
  name: v.pipe(v.string(), v.maxLength(200), v.regex(/^[^/\\]+\.(png|svg|csv|json)$/)),
  encoding: v.picklist(['utf8', 'base64']),
  content: v.pipe(v.string(), v.maxLength(MOST_CONTENT)),
});
export type ExportFile = v.InferOutput<typeof exportFile>;

/** A table of values as they are, not as they are shown. */
export interface DataTable {
  readonly columns: readonly string[];
  /** Null where there is no value. */
  readonly rows: readonly (readonly DataCell[])[];
}
export type DataCell = string | number | null;

/**
 * RFC 4180, in UTF-8 with CRLF. Numbers have all their digits; the others are `NaN`, `Infinity` and `-Infinity`, and null is empty.
 * Text that a spreadsheet would run as a formula has an apostrophe before it.
 */
export function csv(columns: readonly string[], rows: DataTable['rows']): string {
  return [columns, ...rows].map((row) => `${row.map(csvCell).join(',')}\r\n`).join('');
}

function csvCell(cell: DataCell): string {
  if (cell === null) return '';
  if (typeof cell === 'number') return String(cell);
  const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A table of GitHub Flavored Markdown. */
export function markdownTable(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(markdownText).join(' | ')} |\n`;
  return `${line(columns)}|${columns.map(() => ' --- |').join('')}\n${rows.map(line).join('')}`;
}

/** Text that stands for itself in Markdown, on one line. */
export function markdownText(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[\\`*_{}[\]<>#|~&$]/g, '\\$&');
}
