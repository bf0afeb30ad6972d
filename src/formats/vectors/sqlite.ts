import type { OpenBytes } from '../bytes/byte-source';
import type { Reader } from '../format';
import { FormatError } from '../format-error';
import { BYTES_PER_ELEMENT, decoder } from '../matrices/elements';
import { RowBlocks, rowsPerBlockOf } from '../matrices/row-blocks';
import { sequential } from '../matrices/sequential';
import type { MatrixSource, RowBlock, TensorFile, TensorInfo } from '../matrix-source';
import { integerOf, type SqliteField, SqliteFile, type SqliteRow } from './sqlite-file';
import { readSchema, type Schema, type SqliteTable, type VecColumn } from './sqlite-schema';
import { vectorTypeOf } from './vector-type';

/** Rows by which a column is told to hold vectors. */
const FIRST_ROWS = 8;
/** Bytes: 65,536 elements of float32. */
const LONGEST_VECTOR = 2 ** 18;
/** Bytes of a row up to the end of its vector, where it is looked at first. */
const FIRST_BYTES = 2 ** 20;
/** Of the bits that say which places of chunks are taken: a quarter of a billion vectors. */
const MOST_VALIDITY = 32 * 2 ** 20;

/**
 * Tables of a SQLite database that hold vectors: virtual tables of sqlite-vec, and columns of blobs or of JSON arrays that all have one
 * length. Other columns are not read.
 */
export const sqlite: Reader = {
  async open(path: string, openBytes: OpenBytes): Promise<TensorFile> {
    const source = await openBytes(path);
    try {
      const file = await SqliteFile.open(source);
      const columns = await vectorColumns(file);
      if (columns.length === 0) {
        const what = 'blobs of float32 or float64 that have one length, JSON arrays of numbers, or tables of sqlite-vec';
        throw new FormatError(path, null, `no table of the database holds vectors: ${what}.`);
      }
      return {
        path,
        format: 'sqlite',
        bytes: source.size,
        tensors: columns.map(({ info }) => info),
        warnings: await journalWarnings(path, openBytes),
        fingerprint: `${path} ${source.fingerprint}`,
        matrix(name) {
          const column = columns.find(({ info }) => info.name === name);
          if (column === undefined) throw new FormatError(path, null, `there is no column of vectors named ${JSON.stringify(name)}.`);
          if (column.stream === null) throw new FormatError(path, null, `${JSON.stringify(name)} is no matrix: ${column.info.note}`);
          return sequential(column.info.matrix!.rows, column.info.matrix!.columns, column.stream);
        },
        close: () => source.close(),
      };
    } catch (error) {
      await source.close();
      throw error;
    }
  },
};

interface VectorColumn {
  readonly info: TensorInfo;
  readonly stream: MatrixSource['stream'] | null;
}

async function vectorColumns(file: SqliteFile): Promise<VectorColumn[]> {
  const schema = await readSchema(file);
  const columns: VectorColumn[] = [];
  for (const { name, vectors } of schema.vecTables) {
    for (const [i, column] of vectors.entries()) columns.push(await vecColumn(file, schema, name, column, i));
  }
  const isShadow = (name: string): boolean => schema.virtual.some((owner) => name.startsWith(`${owner}_`));
  for (const table of schema.tables.values()) {
    if (!isShadow(table.name) && !table.name.startsWith('sqlite_')) columns.push(...(await plainColumns(file, table)));
  }
  return columns;
}

/** Vectors of a table of sqlite-vec, which keeps them in chunks: https://github.com/asg017/sqlite-vec/blob/main/ARCHITECTURE.md */
async function vecColumn(file: SqliteFile, { tables }: Schema, table: string, column: VecColumn, index: number): Promise<VectorColumn> {
  const { name, type, dimensions } = column;
  const told = (note: string): VectorColumn => ({
    info: { name: `${table}.${name}`, dtype: type, shape: [], bytes: 0, matrix: null, note },
    stream: null,
  });
  const chunks = tables.get(`${table}_chunks`);
  const vectors = tables.get(`${table}_vector_chunks${String(index).padStart(2, '0')}`);
  if (type === 'bit') return told('Vectors of one bit an element have no spectrum.');
  if (chunks === undefined || vectors === undefined) return told('The table does not keep its vectors in chunks as they are.');
  const taken = await takenPlaces(file, chunks);
  const rows = [...taken.values()].reduce((sum, bits) => sum + bits.count, 0);
  if (rows === 0) return told('The table holds no vectors.');
  const info = {
    name: `${table}.${name}`,
    dtype: type,
    shape: [rows, dimensions],
    bytes: rows * dimensions * BYTES_PER_ELEMENT[type],
    matrix: { rows, columns: dimensions },
    note: dimensions === 1 ? 'One column has a single direction: its spectrum says nothing about spread.' : null,
  };
  const { path } = file.source;

  async function* stream(rowsPerBlock: number): AsyncGenerator<RowBlock> {
    const decode = decoder(type as 'float32' | 'int8', 'little');
    const rowBytes = dimensions * BYTES_PER_ELEMENT[type as 'float32' | 'int8'];
    const blocks = new RowBlocks(dimensions, rowsPerBlockOf(dimensions, rowsPerBlock, rows));
    const values = new Float64Array(dimensions);
    for await (const row of file.rows(vectors!.root)) {
      const [id, field] = row.fields;
      const chunk = (id && (await integerOf(row, id))) ?? row.rowid;
      const places = taken.get(chunk);
      if (places === undefined || places.count === 0) continue;
      if (field?.kind !== 'blob' || field.length !== places.size * rowBytes)
        throw new FormatError(path, null, `chunk ${chunk} of ${info.name} should have ${places.size * rowBytes} bytes.`);
      const bytes = await row.load(field);
      for (let i = 0; i < places.size; i++) {
        if (!isSet(places.bits, i)) continue;
        decode(bytes, i * rowBytes, 1, values, 0, 1, dimensions);
        blocks.add(values);
        const block = blocks.take();
        if (block !== null) yield block;
      }
    }
    const last = blocks.take(true);
    if (last !== null) yield last;
    if (blocks.rows !== rows)
      throw new FormatError(path, null, `${info.name} has ${blocks.rows} of the ${rows} vectors that its chunks should have.`);
  }

  return { info, stream };
}

interface Places {
  /** Vectors that fit into the chunk. */
  readonly size: number;
  /** One bit for each, the lowest first. */
  readonly bits: Uint8Array;
  /** How many are set. */
  readonly count: number;
}

function isSet(bits: Uint8Array, i: number): boolean {
  return ((bits[i >> 3]! >> (i & 7)) & 1) === 1;
}

/** Of each chunk, which of its places hold vectors. */
async function takenPlaces(file: SqliteFile, chunks: SqliteTable): Promise<Map<number, Places>> {
  const { path } = file.source;
  const [sizeAt, validityAt] = ['size', 'validity'].map((name) => chunks.columns.indexOf(name)) as [number, number];
  const taken = new Map<number, Places>();
  let held = 0;
  for await (const row of file.rows(chunks.root)) {
    const [size, validity] = [row.fields[sizeAt], row.fields[validityAt]];
    const places = size && (await integerOf(row, size));
    if (typeof places !== 'number' || places < 1 || validity?.kind !== 'blob' || validity.length !== Math.ceil(places / 8))
      throw new FormatError(path, null, `chunk ${row.rowid} of ${chunks.name} does not say which of its places are taken.`);
    held += validity.length + 64;
    if (held > MOST_VALIDITY) throw new FormatError(path, null, `${chunks.name} has more chunks than can be read.`);
    const bits = (await row.load(validity)).slice();
    let count = 0;
    for (let i = 0; i < places; i++) if (isSet(bits, i)) count++;
    taken.set(row.rowid, { size: places, bits, count });
  }
  return taken;
}

/** Columns of a plain table whose first rows hold vectors of one length. */
async function plainColumns(file: SqliteFile, table: SqliteTable): Promise<VectorColumn[]> {
  const samples = table.columns.map((): Sample => ({ blobs: [], arrays: [], other: 0 }));
  let seen = 0;
  for await (const row of file.rows(table.root)) {
    for (const [i, sample] of samples.entries()) await look(row, row.fields[i], sample);
    if (++seen === FIRST_ROWS) break;
  }
  return samples.flatMap((sample, index) => {
    const kind = kindOf(sample);
    if (kind === null) return [];
    const { dtype, columns } = kind;
    const name = `${table.name}.${table.columns[index]}`;
    const note = 'Rows without a vector are left out.';
    const info = { name, dtype, shape: [], bytes: file.source.size, matrix: { rows: null, columns }, note };
    return [{ info, stream: (rowsPerBlock: number) => plainRows(file, table, index, name, kind, rowsPerBlock) }];
  });
}

/** What the first rows have in one column. */
interface Sample {
  readonly blobs: Uint8Array[];
  readonly arrays: number[][];
  /** Rows with neither, nor nothing. */
  other: number;
}

async function look(row: SqliteRow, field: SqliteField | undefined, sample: Sample): Promise<void> {
  if (field === undefined || field.kind === 'null') return;
  const fits = field.length <= LONGEST_VECTOR && field.offset + field.length <= FIRST_BYTES;
  if (fits && field.kind === 'blob') sample.blobs.push((await row.load(field)).slice());
  else if (fits && field.kind === 'text') {
    const numbers = numbersOf(await row.text(field));
    if (numbers === null) sample.other++;
    else sample.arrays.push(numbers);
  } else sample.other++;
}

interface VectorKind {
  readonly dtype: 'float32' | 'float64' | 'text';
  readonly columns: number;
}

function kindOf({ blobs, arrays, other }: Sample): VectorKind | null {
  const oneLength = (all: readonly { readonly length: number }[]) => all.every(({ length }) => length === all[0]!.length);
  if (other > 0 || blobs.length > 0 === arrays.length > 0) return null;
  if (arrays.length > 0) return oneLength(arrays) ? { dtype: 'text', columns: arrays[0]!.length } : null;
  const dtype = oneLength(blobs) ? vectorTypeOf(blobs) : null;
  return dtype === null ? null : { dtype, columns: blobs[0]!.length / BYTES_PER_ELEMENT[dtype] };
}

/** The numbers of a JSON array of two or more; null for any other text. */
function numbersOf(text: string): number[] | null {
  if (!/^\s*\[\s*-?\d/.test(text)) return null;
  try {
    const numbers = JSON.parse(text) as unknown[];
    return numbers.length > 1 && numbers.every((value) => typeof value === 'number') ? (numbers as number[]) : null;
  } catch {
    return null;
  }
}

async function* plainRows(
  file: SqliteFile,
  table: SqliteTable,
  index: number,
  name: string,
  { dtype, columns }: VectorKind,
  rowsPerBlock: number,
): AsyncGenerator<RowBlock> {
  const blocks = new RowBlocks(columns, rowsPerBlockOf(columns, rowsPerBlock, Number.POSITIVE_INFINITY));
  const values = new Float64Array(columns);
  const fill = dtype === 'text' ? null : blobDecoder(dtype, values);
  for await (const row of file.rows(table.root)) {
    const field = row.fields[index];
    if (field === undefined || field.kind === 'null') continue;
    const refuse = (found: string): never => {
      throw new FormatError(file.source.path, null, `${name} has ${found} in row ${row.rowid}, but vectors of length ${columns} before.`);
    };
    if (field.kind !== (fill === null ? 'text' : 'blob')) refuse(`a value of another type (${field.kind})`);
    if (field.length > LONGEST_VECTOR) refuse(`${field.length} bytes`);
    if (fill !== null) {
      if (field.length !== columns * BYTES_PER_ELEMENT[dtype as 'float32']) refuse(`${field.length} bytes`);
      fill(await row.load(field));
    } else {
      const numbers = numbersOf(await row.text(field));
      if (numbers?.length !== columns)
        refuse(numbers === null ? 'a text that is no array of numbers' : `a vector of length ${numbers.length}`);
      values.set(numbers as number[]);
    }
    blocks.add(values);
    const block = blocks.take();
    if (block !== null) yield block;
  }
  const last = blocks.take(true);
  if (last !== null) yield last;
}

function blobDecoder(dtype: 'float32' | 'float64', values: Float64Array): (bytes: Uint8Array) => void {
  const decode = decoder(dtype, 'little');
  return (bytes) => decode(bytes, 0, 1, values, 0, 1, values.length);
}

/** What lies beside the database and is not in it yet. */
async function journalWarnings(path: string, openBytes: OpenBytes): Promise<string[]> {
  const warnings: string[] = [];
  if ((await headOf(`${path}-wal`, openBytes)) !== null)
    warnings.push('Beside the database lies a write-ahead log (-wal): the newest changes may be in it, and are not read.');
  const journal = await headOf(`${path}-journal`, openBytes);
  if (journal !== null && Buffer.from(journal).toString('hex') === 'd9d505f920a163d7')
    warnings.push('Beside the database lies the journal of a change that was not finished: until SQLite undoes it, rows may be wrong.');
  return warnings;
}

/** The first 8 bytes of a file; null where there is none, or it is shorter. */
async function headOf(path: string, openBytes: OpenBytes): Promise<Uint8Array | null> {
  try {
    const source = await openBytes(path);
    try {
      if (source.size < 8) return null;
      const head = new Uint8Array(8);
      await source.read(0, head);
      return head;
    } finally {
      await source.close();
    }
  } catch (error) {
    if (error instanceof FormatError) return null;
    throw error;
  }
}
