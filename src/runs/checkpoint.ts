import type { ListDirectory } from './directory';

/** One file of a checkpoint that holds matrices; `openTensorFile` opens it, a sharded model by its index or its folder. */
export interface CheckpointFile {
  readonly path: string;
  /** Relative to the checkpoint, with `/`: the same at every checkpoint of the run. A pattern (`embeddings-*.npy`) where the file is the checkpoint. */
  readonly name: string;
}

/** One saved state of a run, as it lies on disk. */
export interface Checkpoint {
  /** As a person knows it: the name of its folder or file. Unique in the run. */
  readonly name: string;
  /** Training step, epoch or generation, by which the checkpoints are ordered. */
  readonly step: number;
  readonly path: string;
  /** In natural order of their names. */
  readonly files: readonly CheckpointFile[];
  /** Every path that belongs to those files (shards, indices): they have to be settled before any is read. */
  readonly parts: readonly string[];
  /** What the writer itself says of the save: `none` where it leaves no mark, and only waiting tells. */
  readonly marker: 'complete' | 'pending' | 'none';
  /** While pending: what has to appear, as a phrase for a person. */
  readonly waitingFor: string | null;
}

/** A directory as a run. */
export interface RunListing {
  /** Id of the layout. */
  readonly layout: string;
  /** One sentence: what was recognised. */
  readonly recognised: string;
  /** Sentences: what should be there and is not, and what was left aside and why. */
  readonly missing: readonly string[];
  /** Ascending by step, then in natural order of their names. */
  readonly checkpoints: readonly Checkpoint[];
}

/** How one kind of writer lays out its checkpoints. */
export interface Layout {
  readonly id: string;
  /** As people call the writer. */
  readonly label: string;
  /**
   * Null when the directory is not of this layout. Reads listings and small text files only, and never writes.
   * @param list how folders are listed: several layouts that look at one directory share their listings
   */
  recognise(directory: string, list?: ListDirectory): Promise<RunListing | null>;
}
