import { ALL_ENDINGS, CLEAR_ENDINGS } from '../formats/registry';

/** Endings of the files that can be analysed. */
export { ALL_ENDINGS as FILE_ENDINGS };

/** Whether the ending is one of a format that can be read. Files of other kinds may have it too. */
export function isAnalysable(path: string): boolean {
  return endsIn(path, ALL_ENDINGS);
}

/** Whether the ending alone says that the file can be read: the menus offer the analysis on it. */
export function isOffered(path: string): boolean {
  return endsIn(path, CLEAR_ENDINGS);
}

function endsIn(path: string, endings: readonly string[]): boolean {
  const lower = path.toLowerCase();
  return endings.some((ending) => lower.endsWith(ending));
}
