import type { Format } from './format';
import { FORMATS, type LibraryName } from './registry';

/** How each library is loaded where a file needs it. */
const LIBRARIES: Readonly<Record<LibraryName, () => Promise<unknown>>> = {
  h5wasm: async () => (await import('./hdf5/hdf5-library')).loadHdf5(),
};

/** A format that can be read, and whether what it is read with is there. */
export interface FormatStatus extends Pick<Format, 'id' | 'label' | 'access' | 'library' | 'limits'> {
  readonly endings: readonly string[];
  /** Whether folders can be of this format. */
  readonly folders: boolean;
  /** Why the library cannot be loaded; null where it can, and where there is none. */
  readonly problem: string | null;
}

/** Loads every library, and says of each format what a person should know. In the registry's order. */
export function formatStatuses(): Promise<FormatStatus[]> {
  return Promise.all(
    FORMATS.map(async ({ id, label, extensions, sharedExtensions = [], folder, access, library, limits }) => {
      const endings = [...extensions, ...sharedExtensions];
      const problem = library === null ? null : await problemOf(library);
      return { id, label, endings, folders: folder !== undefined, access, library, limits, problem };
    }),
  );
}

async function problemOf(library: LibraryName): Promise<string | null> {
  try {
    await LIBRARIES[library]();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
