import { stat } from 'node:fs/promises';
import { FormatError } from '../formats/format-error';
import { parseBoundedJson } from '../formats/json/bounded-json';
import { isRecord } from '../formats/safetensors/safetensors-header';
import type { Checkpoint, Layout, RunListing } from './checkpoint';
import { type Entry, filesOf, foldersOf, type ListDirectory, readSmallFile } from './directory';
import { leftAside, markerOf, namesInWords, runListing, unevenFiles } from './listing';
import { isTensorFile, type Weights } from './weights';

const CHECKPOINT = /^checkpoint-(\d+)$/;
const STATE = 'trainer_state.json';

/** Folders of DeepSpeed and FSDP, in which a Trainer leaves the weights when it does not gather them. */
const SHARDED_STATE = /^global_step\d+$|^pytorch_model_fsdp|\.distcp$/;

export interface TrainerFolder extends Entry {
  /** The step in its name. */
  readonly step: number;
  readonly entries: readonly Entry[];
}

/** The `checkpoint-<step>` folders among some entries, each with what it holds. */
export async function trainerFolders(entries: readonly Entry[], list: ListDirectory): Promise<TrainerFolder[]> {
  const folders = foldersOf(entries.filter(({ name }) => CHECKPOINT.test(name)));
  const listed = await Promise.all(
    folders.map(async (folder) => {
      const inside = await list(folder.path);
      return inside === null ? [] : [{ ...folder, step: Number(CHECKPOINT.exec(folder.name)![1]), entries: inside }];
    }),
  );
  return listed.flat();
}

/**
 * The run of a Hugging Face Trainer, which writes `trainer_state.json` after the weights of each checkpoint (and removes whole folders
 * by `save_total_limit`, file by file). A loop of one's own may use the same names and never write that file: once a second checkpoint
 * has been begun without one, the first leaves no mark.
 *
 * @param entries of the run's folder
 * @param weightsIn finds what is to be read in one checkpoint
 */
export async function trainerRun(
  layout: Pick<Layout, 'id' | 'label'>,
  entries: readonly Entry[],
  folders: readonly TrainerFolder[],
  weightsIn: (entries: readonly Entry[]) => Promise<Weights | null>,
): Promise<RunListing> {
  const states = await Promise.all(folders.map(({ entries }) => stateOf(entries)));
  const writesState = folders.length === 1 || states.some(({ size }) => size > 0);
  const read = await Promise.all(
    folders.map(async (folder, i) => {
      const weights = await weightsIn(folder.entries);
      const sharded = weights === null && folder.entries.some(({ name }) => SHARDED_STATE.test(name));
      const absent = weights === null && !sharded ? 'its weights' : (weights?.waitingFor ?? null);
      const { size, globalStep } = states[i]!;
      const unmarked = size === 0 && writesState ? STATE : null;
      const checkpoint: Checkpoint = {
        name: folder.name,
        step: globalStep ?? folder.step,
        path: folder.path,
        files: weights?.files ?? [],
        parts: weights?.parts ?? [],
        ...markerOf(absent ?? unmarked, size > 0 ? 'complete' : 'none'),
      };
      return { checkpoint, sharded, refused: weights?.refused ?? null };
    }),
  );
  const checkpoints = read.map(({ checkpoint }) => checkpoint);
  const sharded = read.flatMap(({ checkpoint, sharded }) => (sharded ? [checkpoint.name] : []));
  const missing = read.flatMap(({ refused }) => (refused === null ? [] : [refused]));
  if (sharded.length > 0) {
    const holds = sharded.length === 1 ? 'holds' : 'hold';
    missing.push(`${namesInWords(sharded)} ${holds} the weights only in shards of DeepSpeed or FSDP, which cannot be read yet.`);
  }
  if (!writesState) missing.push(`No checkpoint has ${STATE}: each counts as complete once its files are at rest.`);
  missing.push(...unevenFiles(checkpoints));
  missing.push(...leftAside(filesOf(entries).flatMap(({ name }) => (isTensorFile(name) ? [name] : []))));
  return runListing(layout, checkpoints, missing);
}

interface State {
  /** 0 where there is none, or nothing in it yet. */
  readonly size: number;
  /** Null where it cannot be read: it is still written, or its log has grown long. */
  readonly globalStep: number | null;
}

/** What was read of states that are as they were: a run is looked at again and again, and each state holds the log of all steps before it. */
const known = new Map<string, { readonly stamp: string; readonly state: State }>();
const MOST_KNOWN = 20_000;

async function stateOf(entries: readonly Entry[]): Promise<State> {
  const entry = entries.find(({ name, kind }) => name === STATE && kind === 'file');
  const found = entry && (await stat(entry.path).catch(() => null));
  if (!entry || !found) return { size: 0, globalStep: null };
  const { size, mtimeMs, ctimeMs, ino } = found;
  const stamp = `${size} ${mtimeMs} ${ctimeMs} ${ino}`;
  const before = known.get(entry.path);
  if (before?.stamp === stamp) return before.state;
  const state: State = { size, globalStep: await globalStepIn(entry.path) };
  if (known.size >= MOST_KNOWN) known.clear();
  if (state.globalStep !== null) known.set(entry.path, { stamp, state });
  return state;
}

async function globalStepIn(path: string): Promise<number | null> {
  const text = await readSmallFile(path);
  if (text === null) return null;
  try {
    const parsed = parseBoundedJson(text, path, 'the state', 0);
    const step = isRecord(parsed) ? parsed.global_step : null;
    return Number.isSafeInteger(step) && (step as number) >= 0 ? (step as number) : null;
  } catch (error) {
    if (error instanceof FormatError) return null;
    throw error;
  }
}
