import { join } from 'node:path';
import type { OpenBytes } from '../bytes/byte-source';
import { ShardPool } from '../bytes/shard-pool';
import type { Reader } from '../format';
import { FormatError } from '../format-error';
import { parseBoundedJson } from '../json/bounded-json';
import { isRecord } from '../safetensors/safetensors-header';
import { type ColumnMatrix, openColumn } from '../tables/column-matrix';
import { type ArrowTable, readArrowTable } from './arrow-batches';
import { tensorsOf } from './arrow-tensors';

const DICTIONARY = 'dataset_dict.json';
const STATE = 'state.json';
const MOST_JSON_BYTES = 2 ** 23;

/** A folder of `Dataset.save_to_disk` or `DatasetDict.save_to_disk` of Hugging Face: Arrow streams, in the order of `state.json`. */
export const datasets: Reader = {
  async open(path, openBytes, listFolder) {
    const pool = new ShardPool(openBytes);
    try {
      const names = (await listFolder!(path)) ?? [];
      const splits = names.includes(DICTIONARY) ? await splitsOf(path, openBytes) : [null];
      const all: ColumnMatrix[] = [];
      const warnings: string[] = [];
      const fingerprint: string[] = [];
      let bytes = 0;
      for (const split of splits) {
        const folder = split === null ? path : join(path, split);
        const { tables, sources } = await openDataset(folder, openBytes, pool);
        const table = oneTable(folder, tables);
        for (const { info, open } of await tensorsOf(folder, table)) {
          all.push({ info: split === null ? info : { ...info, name: `${split}/${info.name}` }, open });
        }
        warnings.push(...table.warnings);
        fingerprint.push(...sources.map((source) => `${source.path} ${source.fingerprint}`));
        bytes += sources.reduce((sum, { size }) => sum + size, 0);
      }
      const byName = new Map(all.map((tensor) => [tensor.info.name, tensor]));
      return {
        path,
        format: 'datasets',
        bytes,
        tensors: all.map(({ info }) => info),
        warnings,
        fingerprint: fingerprint.join('\n'),
        matrix: (name) => openColumn(path, byName, name),
        close: () => pool.close(),
      };
    } catch (error) {
      await pool.close();
      throw error;
    }
  },
};

async function splitsOf(folder: string, openBytes: OpenBytes): Promise<string[]> {
  const path = join(folder, DICTIONARY);
  const { splits } = await readJson(path, openBytes);
  if (!Array.isArray(splits) || splits.length === 0) throw new FormatError(path, null, 'it should list the splits of the dataset.');
  return [...new Set(splits)].map((split) => plainName(path, split, 'the split'));
}

async function openDataset(folder: string, openBytes: OpenBytes, pool: ShardPool) {
  const path = join(folder, STATE);
  const { _data_files: files } = await readJson(path, openBytes);
  if (!Array.isArray(files) || files.length === 0)
    throw new FormatError(path, null, 'it should list the files of the dataset, but names none.');
  const tables: ArrowTable[] = [];
  const sources = [];
  for (const file of files) {
    const source = await pool.shard(join(folder, plainName(path, isRecord(file) ? file.filename : null, 'the file')));
    sources.push(source);
    tables.push(await readArrowTable(source));
  }
  return { tables, sources };
}

/** A name inside the folder, and no path: nothing outside of it is opened. */
function plainName(path: string, name: unknown, what: string): string {
  if (typeof name !== 'string' || name === '' || name === '.' || name === '..' || /[/\\\0:]/.test(name)) {
    throw new FormatError(path, null, `${what} ${JSON.stringify(name ?? null).slice(0, 200)} is no name inside the folder.`);
  }
  return name;
}

async function readJson(path: string, openBytes: OpenBytes): Promise<Readonly<Record<string, unknown>>> {
  const source = await openBytes(path);
  try {
    if (source.size > MOST_JSON_BYTES) throw new FormatError(path, null, `it has ${source.size} bytes, more than are read (8 MiB).`);
    const text = new Uint8Array(source.size);
    await source.read(0, text);
    const json = parseBoundedJson(text, path, 'the description', 0);
    if (!isRecord(json)) throw new FormatError(path, null, 'it should hold one object.');
    return json;
  } finally {
    await source.close();
  }
}

/** Files of one dataset, one after the other. */
function oneTable(folder: string, tables: readonly ArrowTable[]): ArrowTable {
  const { schema } = tables[0]!;
  const described = JSON.stringify(schema);
  const elements = new Map<number, number>();
  for (const table of tables) {
    if (JSON.stringify(table.schema) !== described) throw new FormatError(folder, null, 'the files of the dataset have different columns.');
    for (const [node, count] of table.elements) elements.set(node, (elements.get(node) ?? 0) + count);
  }
  return { schema, batches: tables.flatMap(({ batches }) => batches), elements, warnings: tables.flatMap(({ warnings }) => warnings) };
}
