import type { Checkpoint, CheckpointFile, Layout } from '../checkpoint';
import { type Entry, filesOf, foldersOf, type ListDirectory, listDirectory, withoutAliases } from '../directory';
import { fileCheckpoints, tensorFileSeries } from '../file-series';
import { leftAside, markerOf, namesInWords, runListing, unevenFiles } from '../listing';
import { type Series, seriesOf } from '../series';
import { trainerFolders } from '../trainer-run';
import { adapterIn, isShard, isTensorFile, modelIn, type Weights, wholeFiles } from '../weights';

/**
 * No trainer's layout: numbered folders, each with embeddings or weights (`generation-3/embeddings.npy`), or numbered files in one folder
 * (`embeddings-3.npy`), by the numbers in the names. A checkpoint of a Hugging Face Trainer inside such a folder belongs to it.
 */
export const plainFolder: Layout = {
  id: 'plain-folder',
  label: 'No known layout; read as a plain folder of numbered names',
  async recognise(directory, list = listDirectory) {
    const entries = (await list(directory)) ?? [];
    const folders = await folderSeries(entries, list);
    const files = tensorFileSeries(entries);
    if (folders !== null && folders.members.length >= (files?.series.members.length ?? 0)) {
      const { checkpoints, missing } = folderCheckpoints(folders);
      const beside = withoutAliases(filesOf(entries)).filter(({ name }) => isTensorFile(name));
      return runListing(this, checkpoints, [...missing, ...gaps(folders), ...leftAside(beside.map(({ name }) => name))]);
    }
    if (files === null) return null;
    const { series, others } = files;
    return runListing(this, await fileCheckpoints(series.members, series.pattern), [...gaps(series), ...leftAside(others)]);
  },
};

interface Folder extends Entry {
  readonly content: Content;
}

interface Content extends Weights {
  /** It has several checkpoints of a trainer, of which the last is read. */
  readonly several: boolean;
}

/** The longest series of folders of which any holds tensor files, without those that are runs themselves. */
async function folderSeries(entries: readonly Entry[], list: ListDirectory): Promise<Series<Folder> | null> {
  const listed = await Promise.all(
    foldersOf(entries)
      .filter(({ name }) => /\d/.test(name))
      .map(async (folder) => {
        const content = await contentOf(folder, list);
        return content === null ? [] : [{ ...folder, content }];
      }),
  );
  const series = seriesOf(listed.flat());
  const held = ({ members }: Series<Folder>) => members.filter(({ item }) => item.content.parts.length > 0).length;
  const counts = series.map(held);
  const most = Math.max(0, ...counts);
  return most === 0 ? null : series[counts.indexOf(most)]!;
}

/** What is to be read in a folder; nothing yet where it is empty. Null when it is gone, a run itself, or of something else. */
async function contentOf(folder: Entry, list: ListDirectory): Promise<Content | null> {
  const entries = await list(folder.path);
  if (entries === null) return null;
  const found: Weights[] = [];
  const model = (await modelIn(entries)) ?? (await adapterIn(entries));
  if (model !== null) found.push(model);
  const known = new Set(model?.parts);
  const files = withoutAliases(filesOf(entries)).filter(({ name, path }) => isTensorFile(name) && !isShard(name) && !known.has(path));
  // Of a model in two formats the first counts, and an index without its model is none.
  const others = files.filter(({ name }) => model === null || !/^(?:model\.safetensors|pytorch_model\.bin)(?:\.index\.json)?$/.test(name));
  if (others.length > 0) found.push(await wholeFiles(others));

  const inner = (await trainerFolders(entries, list)).sort((a, b) => a.step - b.step);
  const last = inner.at(-1);
  // Runs beside one another (`run-1/checkpoint-100`, `run-1/checkpoint-200`, ...) are no generations.
  if (inner.length > 1 && others.length === 0 && !/^(?:gen|generation|round)[-_ ]?\d/i.test(folder.name)) return null;
  const weights = last === undefined ? null : ((await modelIn(last.entries)) ?? (await adapterIn(last.entries)));
  if (weights !== null) found.push(within(last!.name, weights));
  if (found.length === 0 && entries.length > 0) return null;
  return {
    files: found.flatMap(({ files }) => files),
    parts: found.flatMap(({ parts }) => parts),
    waitingFor: found.length === 0 ? 'its files' : (found.find(({ waitingFor }) => waitingFor !== null)?.waitingFor ?? null),
    refused: found.find(({ refused }) => refused !== null)?.refused ?? null,
    several: inner.length > 1 && weights !== null,
  };
}

function within(folder: string, weights: Weights): Weights {
  const files: CheckpointFile[] = weights.files.map(({ path, name }) => ({ path, name: `${folder}/${name}` }));
  return { ...weights, files };
}

function folderCheckpoints(series: Series<Folder>): { checkpoints: Checkpoint[]; missing: string[] } {
  const members = [...series.members].sort((a, b) => a.step - b.step);
  const expected = expectedOfLast(members.map(({ item }) => item.content));
  const checkpoints = members.map(({ item: { name, path, content }, step }, i): Checkpoint => {
    const waitingFor = content.waitingFor ?? (i === members.length - 1 ? expected : null);
    return { name, step, path, files: content.files, parts: content.parts, ...markerOf(waitingFor, 'none') };
  });
  const refused = members.flatMap(({ item: { content } }) => (content.refused === null ? [] : [content.refused]));
  const several = members.flatMap(({ item }) => (item.content.several ? [item.name] : []));
  const last = several.length === 0 ? [] : [`Of the checkpoints inside ${namesInWords(several)} only the last is read.`];
  return { checkpoints, missing: [...refused, ...last, ...unevenFiles(checkpoints)] };
}

/**
 * The files that every folder but the last has, where there are at least two others: the last folder is still being filled. As a phrase,
 * null when it has them.
 */
function expectedOfLast(contents: readonly Content[]): string | null {
  const names = contents.map(({ files }) => new Set(files.map(({ name }) => name)));
  const last = names.pop();
  if (last === undefined || names.length < 2) return null;
  const absent = [...names[0]!].filter((name) => names.every((others) => others.has(name)) && !last.has(name));
  return absent.length === 0 ? null : namesInWords(absent);
}

/** A sentence on the numbers left out, where the series otherwise counts one by one. */
function gaps({ members }: Series<unknown>): string[] {
  const steps = [...new Set(members.map(({ step }) => step))].sort((a, b) => a - b);
  const span = steps.length === 0 ? 0 : steps.at(-1)! - steps[0]! + 1;
  // Most are there; a series in tens lacks nothing.
  if (span === steps.length || span > 1.5 * steps.length) return [];
  const there = new Set(steps);
  const absent = Array.from({ length: span }, (_, i) => steps[0]! + i).filter((step) => !there.has(step));
  return [`${namesInWords(absent.map(String))} ${absent.length === 1 ? 'is' : 'are'} missing in the series.`];
}
