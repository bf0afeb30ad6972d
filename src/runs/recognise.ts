import { stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { FormatError } from '../formats/format-error';
import type { Layout, RunListing } from './checkpoint';
import { type Entry, filesOf, foldersOf, type ListDirectory, listDirectory } from './directory';
import { dcp } from './layouts/dcp';
import { deepspeed } from './layouts/deepspeed';
import { gguf } from './layouts/gguf';
import { huggingFaceTrainer } from './layouts/huggingface-trainer';
import { keras } from './layouts/keras';
import { lightning } from './layouts/lightning';
import { megatron } from './layouts/megatron';
import { orbax } from './layouts/orbax';
import { peftAdapter } from './layouts/peft-adapter';
import { plainFolder } from './layouts/plain-folder';
import { torchFiles } from './layouts/torch-files';
import { namesInWords } from './listing';
import { adapterIn, isTensorFile, modelIn } from './weights';

/**
 * In the order in which they are tried: those told by a file that only one writer makes come before those told by names and endings.
 * What no writer claims is read as a plain folder, and the listing says so.
 */
export const LAYOUTS: readonly Layout[] = [
  peftAdapter,
  huggingFaceTrainer,
  lightning,
  deepspeed,
  megatron,
  dcp,
  orbax,
  torchFiles,
  gguf,
  keras,
  plainFolder,
];

/** How many levels `findRuns` looks down. */
const MAX_DEPTH = 4;

/**
 * Reads a folder as a run: an ordered list of checkpoints, with what was recognised and what is missing. A folder that is no run has
 * none, and the sentences say what it is instead: one checkpoint, or a folder of runs.
 *
 * @throws FormatError when there is no such folder, or it may not be read
 */
export async function recognise(directory: string): Promise<RunListing> {
  const path = resolve(directory);
  const entries = await listDirectory(path);
  if (entries === null) throw new FormatError(path, null, await absence(path));
  const claimed = await claim(path);
  if (claimed !== null) return claimed;
  return {
    layout: plainFolder.id,
    recognised: 'No known layout; read as a plain folder, which holds no numbered checkpoints.',
    missing: [(await isCheckpoint(entries)) ? oneCheckpoint(path) : ((await asFolderOfRuns(path)) ?? nothing(path, entries))],
    checkpoints: [],
  };
}

async function claim(path: string): Promise<RunListing | null> {
  const list = sharedListings();
  for (const layout of LAYOUTS) {
    const listing = await layout.recognise(path, list);
    if (listing !== null) return listing;
  }
  return null;
}

/** Each folder is listed once. One that may not be read is as good as gone: the checkpoints beside it are not. */
function sharedListings(): ListDirectory {
  const listings = new Map<string, Promise<Entry[] | null>>();
  return (path) => {
    const listing =
      listings.get(path) ??
      listDirectory(path).catch((error: unknown) => {
        if (error instanceof FormatError) return null;
        throw error;
      });
    listings.set(path, listing);
    return listing;
  };
}

async function absence(path: string): Promise<string> {
  try {
    await stat(path);
    return 'this is a file; a run is a folder of checkpoints.';
  } catch {
    return 'there is no such folder.';
  }
}

/** What writers leave in one checkpoint. */
const CHECKPOINT_MARK =
  /^(?:trainer_state\.json|adapter_config\.json|\.metadata|_(?:CHECKPOINT_)?METADATA|mp_rank_\d+.*)$|\.distcp$|-\d+-of-\d+\.gguf$|^model\.keras$/;

async function isCheckpoint(entries: readonly Entry[]): Promise<boolean> {
  if (entries.some(({ name }) => CHECKPOINT_MARK.test(name))) return true;
  return (await modelIn(entries)) !== null || (await adapterIn(entries)) !== null;
}

function oneCheckpoint(path: string): string {
  return `This is one checkpoint, not a run: choose the folder that holds it and its siblings, ${dirname(path)}.`;
}

async function asFolderOfRuns(path: string): Promise<string | null> {
  const runs = (await findRuns(path)).map((run) => relative(path, run).split(sep).join('/'));
  if (runs.length === 0) return null;
  return runs.length === 1 ? `There is a run inside: ${runs[0]}.` : `There are ${runs.length} runs inside: ${namesInWords(runs)}.`;
}

function nothing(path: string, entries: readonly Entry[]): string {
  const tensors = filesOf(entries).flatMap(({ name }) => (isTensorFile(name) ? [name] : []));
  if (tensors.length === 0) return 'There are no files of weights or embeddings in numbered names.';
  return /\d/.test(basename(path)) ? oneCheckpoint(path) : `${namesInWords(tensors)}: no numbers in the names tell which came first.`;
}

/**
 * The folders that are runs, from `root` down to four levels below and until `maxEntries` files and folders have been seen. They come
 * level by level, in natural order of their paths. Inside a run there are none. One checkpoint without a mark of its writer is no run
 * yet. Not entered: `node_modules`, folders whose name begins with a dot, and links.
 * @param known folders that were found to be runs before, and are while they are there
 */
export async function findRuns(root: string, maxEntries = 10_000, known: ReadonlySet<string> = new Set()): Promise<string[]> {
  const runs: string[] = [];
  let level = [resolve(root)];
  let seen = 0;
  for (let depth = 0; depth <= MAX_DEPTH; depth++) {
    const below: string[] = [];
    for (const path of level) {
      if (seen > maxEntries) return runs;
      const look = await inspect(path, known.has(path));
      if (look === null) continue;
      seen += look.entries.length;
      if (look.isRun) runs.push(path);
      else below.push(...subfolders(look.entries).map((name) => join(path, name)));
    }
    level = below;
  }
  return runs;
}

/** Null where the folder is gone, or not ours to read. */
async function inspect(path: string, known: boolean): Promise<{ entries: Entry[]; isRun: boolean } | null> {
  try {
    const entries = await listDirectory(path);
    if (entries === null) return null;
    if (known) return { entries, isRun: true };
    const checkpoints = (await claim(path))?.checkpoints ?? [];
    return { entries, isRun: checkpoints.length > 1 || (checkpoints[0] !== undefined && checkpoints[0].marker !== 'none') };
  } catch (error) {
    if (error instanceof FormatError) return null;
    throw error;
  }
}

function subfolders(entries: readonly Entry[]): string[] {
  return foldersOf(entries).flatMap(({ name, alias }) =>
    alias === null && name !== 'node_modules' && !name.startsWith('.') ? [name] : [],
  );
}
