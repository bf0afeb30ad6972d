import type { ByteSource } from '../bytes/byte-source';
import { FormatError } from '../format-error';
import type { ElementType } from '../matrices/elements';
import { ThriftError, ThriftReader } from './thrift';

/** A column of numbers as the schema describes it. */
export interface ParquetColumn {
  /** Index among the leaves of the schema, as in a row group. */
  readonly leaf: number;
  /** Of the column, or of the list that it holds. */
  readonly name: string;
  /** With the names of everything inside, for columns whose names alone are the same. */
  readonly path: string;
  readonly type: ElementType;
  readonly physical: PhysicalType;
  /** 0: one number a row; 1: a list of numbers a row; more: lists of lists. */
  readonly repetition: number;
  readonly maxDefinition: number;
  /** From this definition level on there is an element in the list. */
  readonly listDefinition: number;
}

export type PhysicalType = 'int32' | 'int64' | 'float32' | 'float64' | 'float16';

export interface ColumnChunk {
  /** Byte of the first page in the file, and bytes of all. */
  readonly offset: number;
  readonly bytes: number;
  readonly codec: number;
  /** Entries: elements, and one for each null or empty list. */
  readonly values: number;
}

export interface ParquetMetadata {
  readonly rows: number;
  readonly columns: readonly ParquetColumn[];
  /** Of columns that hold no numbers, with what they hold. */
  readonly others: readonly string[];
  /** `chunks` by leaf; null where the file does not say where it lies. */
  readonly groups: readonly { readonly rows: number; readonly chunks: readonly (ColumnChunk | null)[] }[];
}

const MAGIC = 0x31524150;
const ENCRYPTED_MAGIC = 0x45524150;
/** A table of 10,000 columns in 50 row groups has some 50 MB. */
const MOST_FOOTER_BYTES = 2 ** 26;
const TAIL_BYTES = 8;

/**
 * The footer of a Parquet file. https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
 * @throws FormatError when it is not sound
 */
export async function readParquetMetadata(source: ByteSource): Promise<ParquetMetadata> {
  const { path, size } = source;
  const ends = new Uint8Array(TAIL_BYTES);
  if (size < TAIL_BYTES + 4) throw new FormatError(path, 0, 'the file is too short for a Parquet file.');
  await source.read(0, ends.subarray(0, 4));
  const view = new DataView(ends.buffer);
  const first = view.getUint32(0, true);
  await source.read(size - TAIL_BYTES, ends);
  const last = view.getUint32(4, true);
  if (first === ENCRYPTED_MAGIC || last === ENCRYPTED_MAGIC) throw new FormatError(path, 0, 'the file is encrypted, and cannot be read.');
  if (first !== MAGIC) throw new FormatError(path, 0, 'a Parquet file should start with PAR1.');
  if (last !== MAGIC)
    throw new FormatError(path, size - 4, 'a Parquet file should end with PAR1: it is cut off, or not written to its end yet.');
  const length = view.getUint32(0, true);
  const start = size - TAIL_BYTES - length;
  if (start < 4) throw new FormatError(path, size - TAIL_BYTES, `the footer should have ${length} bytes, more than the file.`);
  if (length > MOST_FOOTER_BYTES) throw new FormatError(path, start, `the footer has ${length} bytes, more than is read (64 MiB).`);
  const footer = new Uint8Array(length);
  await source.read(start, footer);
  try {
    return parseFooter(source, new ThriftReader(footer), start);
  } catch (error) {
    if (error instanceof ThriftError) throw new FormatError(path, start, `the footer is not sound: ${error.message}.`);
    throw error;
  }
}

/** Fields of a SchemaElement that matter here; numbers are those of parquet.thrift. */
interface SchemaElement {
  physical: number;
  typeLength: number;
  repetition: number;
  name: string;
  children: number;
  converted: number;
  /** Which member of the union LogicalType; 0 without one. */
  logical: number;
}

const OPTIONAL = 1;
const REPEATED = 2;

interface Chunk {
  metadata: { codec: number; values: number; compressed: number; data: number; dictionary: number } | null;
  elsewhere: boolean;
}

function parseFooter({ path, size }: ByteSource, thrift: ThriftReader, footerStart: number): ParquetMetadata {
  let rows = -1;
  const schema: SchemaElement[] = [];
  const groups: { rows: number; chunks: Chunk[] }[] = [];
  thrift.struct((id) => {
    if (id === 2) thrift.list(() => schema.push(schemaElement(thrift)));
    else if (id === 3) rows = thrift.integer();
    else if (id === 4) thrift.list(() => groups.push(rowGroup(thrift)));
    else return false;
    return true;
  });
  const { columns, others, leaves } = leavesOf(path, footerStart, schema);
  const total = groups.reduce((sum, group) => sum + group.rows, 0);
  if (groups.some((group) => group.rows < 0) || total !== rows || !Number.isSafeInteger(rows)) {
    throw new FormatError(path, footerStart, `the footer says ${rows} rows, but its row groups have ${total}.`);
  }
  return {
    rows,
    columns,
    others,
    groups: groups.map((group, g) => {
      if (group.chunks.length !== leaves) {
        throw new FormatError(path, footerStart, `row group ${g} has ${group.chunks.length} columns, but the schema has ${leaves}.`);
      }
      return { rows: group.rows, chunks: group.chunks.map((chunk) => placed(path, footerStart, chunk, size)) };
    }),
  };
}

function placed(path: string, at: number, { metadata, elsewhere }: Chunk, size: number): ColumnChunk | null {
  if (metadata === null || elsewhere) return null;
  const { codec, values, compressed, data, dictionary } = metadata;
  const offset = dictionary > 0 && dictionary < data ? dictionary : data;
  if (offset < 4 || compressed < 0 || values < 0 || !Number.isSafeInteger(values) || !(offset + compressed <= size)) {
    throw new FormatError(path, at, `a column should lie at bytes ${offset} to ${offset + compressed}, but the file has ${size}.`);
  }
  return { offset, bytes: compressed, codec, values };
}

function schemaElement(thrift: ThriftReader): SchemaElement {
  const element = { physical: -1, typeLength: 0, repetition: 0, name: '', children: 0, converted: -1, logical: 0 };
  thrift.struct((id) => {
    if (id === 1) element.physical = thrift.integer();
    else if (id === 2) element.typeLength = thrift.integer();
    else if (id === 3) element.repetition = thrift.integer();
    else if (id === 4) element.name = thrift.text();
    else if (id === 5) element.children = thrift.integer();
    else if (id === 6) element.converted = thrift.integer();
    else if (id === 10) logicalType(thrift, element);
    else return false;
    return true;
  });
  return element;
}

function logicalType(thrift: ThriftReader, element: SchemaElement): void {
  thrift.struct((id) => {
    element.logical = id;
    return false;
  });
}

function rowGroup(thrift: ThriftReader): { rows: number; chunks: Chunk[] } {
  const group = { rows: -1, chunks: [] as Chunk[] };
  thrift.struct((id) => {
    if (id === 1) thrift.list(() => group.chunks.push(columnChunk(thrift)));
    else if (id === 3) group.rows = thrift.integer();
    else return false;
    return true;
  });
  return group;
}

function columnChunk(thrift: ThriftReader): Chunk {
  const chunk: Chunk = { metadata: null, elsewhere: false };
  thrift.struct((id) => {
    if (id === 1) chunk.elsewhere = thrift.text() !== '';
    else if (id === 3) {
      const metadata = { codec: -1, values: -1, compressed: -1, data: -1, dictionary: -1 };
      thrift.struct((field) => {
        if (field === 4) metadata.codec = thrift.integer();
        else if (field === 5) metadata.values = thrift.integer();
        else if (field === 7) metadata.compressed = thrift.integer();
        else if (field === 9) metadata.data = thrift.integer();
        else if (field === 11) metadata.dictionary = thrift.integer();
        else return false;
        return true;
      });
      chunk.metadata = metadata;
    } else return false;
    return true;
  });
  return chunk;
}

const DEEPEST = 32;

/** The schema is a tree, written in pre-order. */
function leavesOf(path: string, at: number, schema: readonly SchemaElement[]) {
  const columns: ParquetColumn[] = [];
  const others: string[] = [];
  let next = 1;
  let leaves = 0;
  const visit = (
    element: SchemaElement,
    names: readonly string[],
    full: readonly string[],
    repetition: number,
    definition: number,
    listDefinition: number,
  ) => {
    if (full.length > DEEPEST) throw new FormatError(path, at, 'the schema is nested too deeply.');
    const isRepeated = element.repetition === REPEATED;
    const levels = definition + (element.repetition === OPTIONAL || isRepeated ? 1 : 0);
    const repeated = repetition + (isRepeated ? 1 : 0);
    const inList = isRepeated ? levels : listDefinition;
    if (element.children > 0) {
      for (let child = 0; child < element.children; child++) {
        const below = schema[next++];
        if (below === undefined) throw new FormatError(path, at, 'the schema is shorter than it says.');
        // What a list calls its elements says nothing: `list.element`, `bag.array_element`, ...
        visit(
          below,
          repeated > 0 || below.repetition === REPEATED ? names : [...names, below.name],
          [...full, below.name],
          repeated,
          levels,
          inList,
        );
      }
      return;
    }
    const leaf = leaves++;
    const name = names.join('.');
    const type = elementType(element);
    if (type === null) others.push(name);
    else columns.push({ leaf, name, path: full.join('.'), ...type, repetition: repeated, maxDefinition: levels, listDefinition: inList });
  };
  const root = schema[0];
  if (root === undefined) throw new FormatError(path, at, 'the footer has no schema.');
  for (let child = 0; child < root.children; child++) {
    const top = schema[next++];
    if (top === undefined) throw new FormatError(path, at, 'the schema is shorter than it says.');
    visit(top, [top.name], [top.name], 0, 0, 0);
  }
  return { columns, others, leaves };
}

const LOGICAL_INTEGER = 10;
const LOGICAL_FLOAT16 = 15;
/** ConvertedType of the integers: UINT_8 to UINT_64, INT_8 to INT_64. */
const CONVERTED: Readonly<Record<number, ElementType>> = {
  11: 'uint8',
  12: 'uint16',
  13: 'uint32',
  14: 'uint64',
  15: 'int8',
  16: 'int16',
  17: 'int32',
  18: 'int64',
};

/** Null where values are no numbers: text, dates, decimals, truth values. */
function elementType({ physical, typeLength, converted, logical }: SchemaElement): { type: ElementType; physical: PhysicalType } | null {
  const integer = (name: 'int32' | 'int64') => {
    if (CONVERTED[converted] !== undefined) return { type: CONVERTED[converted], physical: name };
    return (logical === 0 || logical === LOGICAL_INTEGER) && converted < 0 ? { type: name, physical: name } : null;
  };
  switch (physical) {
    case 1:
      return integer('int32');
    case 2:
      return integer('int64');
    case 4:
      return { type: 'float32', physical: 'float32' };
    case 5:
      return { type: 'float64', physical: 'float64' };
    case 7:
      return logical === LOGICAL_FLOAT16 && typeLength === 2 ? { type: 'float16', physical: 'float16' } : null;
    default:
      return null;
  }
}
