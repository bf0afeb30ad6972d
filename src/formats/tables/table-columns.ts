import type { ElementType } from '../matrices/elements';

/** Name of the matrix of all columns of single numbers of a table. */
export const NUMERIC_COLUMNS = '(numeric columns)';

/** Each has bytes of its own in memory. */
export const MOST_NUMERIC_COLUMNS = 16_384;

const ID_NAME = /^(|(.*[ ._-])?ids?|index|idx|__index_level_\d+__|key|row|unnamed: ?\d+|timestamp|date|time)$/i;

/** Whether a column of this name identifies rows rather than describes them. */
export function isIdName(name: string): boolean {
  return ID_NAME.test(name);
}

interface NumericColumn {
  readonly name: string;
  readonly type: ElementType;
}

/** The columns that make the matrix: fractions where there are any, else whole numbers; identifiers are neither. */
export function numericColumns<Column extends NumericColumn>(columns: readonly Column[]): Column[] {
  const candidates = columns.filter(({ name }) => !isIdName(name));
  const fractions = candidates.filter(({ type }) => type.startsWith('float'));
  return fractions.length >= 2 ? fractions : candidates;
}

/** The type of all of them, or what holds each. */
export function commonType(columns: readonly NumericColumn[]): ElementType {
  return columns.every(({ type }) => type === columns[0]!.type) ? columns[0]!.type : 'float64';
}

/** @param all how many columns the table has */
export function numericNote(chosen: readonly NumericColumn[], all: number): string {
  const [first, last] = [chosen[0]!.name, chosen.at(-1)!.name].map((name) => JSON.stringify(name.slice(0, 40)));
  return `${chosen.length} of ${all} columns side by side, from ${first} to ${last}.`;
}

/** For messages. */
export function listedNames(columns: readonly string[]): string {
  const all = [...new Set(columns)].map((name) => JSON.stringify(name.slice(0, 40)));
  return all.length === 0 ? 'none' : all.length > 8 ? `${all.slice(0, 8).join(', ')} and ${all.length - 8} more` : all.join(', ');
}
