import type { FormatStatus } from '../formats/format-statuses';

/** `.h5 .hdf5 folders` */
export function formatFiles({ endings, folders }: FormatStatus): string {
  return [...endings, ...(folders ? ['folders'] : [])].join(' ');
}

/** Which library it is read with, and whether that loads; null where it is read without one. */
export function librarySentence({ library, problem }: FormatStatus): string | null {
  if (library === null) return null;
  return problem === null ? `Read with ${library}, which loads.` : `Cannot be read here: ${library} does not load (${problem}).`;
}
