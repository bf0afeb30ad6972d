/** Name of the matrix of all columns of single numbers of a table. */
export const NUMERIC_COLUMNS = '(numeric columns)';

const ID_NAME = /^(|(.*[ ._-])?ids?|index|idx|__index_level_\d+__|key|row|unnamed: ?\d+|timestamp|date|time)$/i;

/** Whether a column of this name identifies rows rather than describes them. */
export function isIdName(name: string): boolean {
  return ID_NAME.test(name);
}
