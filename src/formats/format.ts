import type { ListFolder, OpenBytes } from './bytes/byte-source';
import type { TensorFile } from './matrix-source';

/** A kind of file that can be read, as the registry lists it: what it is called, how it is recognised, and what a person should know of it. */
export interface Format {
  /** As in reports, e.g. `npy`. */
  readonly id: string;
  readonly label: string;
  /** Endings that say what a file is: they put the action in the menus. Lower case, with the dot; `.safetensors.index.json` is one ending. */
  readonly extensions: readonly string[];
  /** Endings that files of other kinds have too, e.g. `.json`: such a file is opened when asked for, and no menu offers it for this format's sake. */
  readonly sharedExtensions?: readonly string[];
  /** Whether an editor shows such a file as text, which needs no button of ours above it. */
  readonly text?: true;
  /**
   * Whether a file that starts like this is one; absent where first bytes do not tell.
   * @param head the first 512 bytes, or all there are
   * @param size of the file in bytes
   */
  readonly magic?: (head: Uint8Array, size: number) => boolean;
  /** Set where the endings decide whatever the content looks like: its first bytes are numbers that may look like another format. */
  readonly endingDecides?: true;
  /** Whether a ZIP archive that has a member of this name is one. */
  readonly member?: (name: string) => boolean;
  /** Whether a folder that holds these names is one. */
  readonly folder?: (names: ReadonlySet<string>) => boolean;
  /** How matrices are read: any rows at the same cost, from start to end, or either, as the file was written. */
  readonly access: 'random' | 'sequential' | 'both';
  /** The npm package that reads it, or null where we do. */
  readonly library: string | null;
  /** What is read and what is not, for a person: one sentence. */
  readonly limits: string;
}

/** Reads the files, or the folders, of one format. */
export interface Reader {
  /**
   * @param path of a file, or of a folder where the registry says that folders can be of this format
   * @param listFolder needed by readers of folders only
   * @throws FormatError when it is not a sound one of this format
   */
  open(path: string, openBytes: OpenBytes, listFolder?: ListFolder): Promise<TensorFile>;
}
