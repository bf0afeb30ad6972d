import type { ElementType } from '../matrices/elements';
import { FlatbufferError, type FlatTable } from './flatbuffer';

/** A column of numbers, or of lists of numbers, with the places of its nodes and buffers in each record batch. */
export interface ArrowColumn {
  /** Of the column, with the names of the structs that hold it: `a.b`. */
  readonly name: string;
  readonly type: ElementType;
  readonly list: ListKind | null;
  /** Buffers of one bit a row, of which each must be set: of the column and of the structs that hold it. */
  readonly present: readonly number[];
  /** Node of the column, and of its elements where it holds lists, else the same. */
  readonly node: number;
  readonly elementNode: number;
  /** Buffer of the lists' offsets; null where there are none. */
  readonly offsets: number | null;
  readonly elementPresent: number | null;
  readonly elements: number;
}

/** `fixed`: so many elements in each row; else the bytes of an offset. */
export type ListKind = { readonly fixed: number } | { readonly offsetBytes: 4 | 8 };

export interface ArrowSchema {
  readonly columns: readonly ArrowColumn[];
  /** Of columns that hold no numbers. */
  readonly others: readonly string[];
  /** Of columns of lists that are no vectors, with what they are. */
  readonly unread: readonly { readonly name: string; readonly why: string }[];
  /** Of all columns, as every record batch has to have them. */
  readonly nodes: number;
  /** Without those of which each batch says how many there are. */
  readonly buffers: number;
  /** For each column of views: the buffer that comes after those of which each batch says how many there are. */
  readonly views: readonly number[];
}

/** Members of the union Type. https://github.com/apache/arrow/blob/main/format/Schema.fbs */
const Kind = {
  null: 1,
  int: 2,
  float: 3,
  binary: 4,
  text: 5,
  list: 12,
  struct: 13,
  union: 14,
  fixedSizeList: 16,
  largeBinary: 19,
  largeText: 20,
  largeList: 21,
  runEnd: 22,
  binaryView: 23,
  textView: 24,
  listView: 25,
  largeListView: 26,
} as const;
const KNOWN_KINDS = 26;
const MOST_FIELDS = 200_000;
const DEEPEST = 32;
const DENSE = 1;

/**
 * The schema of a file or a stream.
 * @throws FlatbufferError when it is not sound, or has columns of a kind whose buffers are not known
 */
export function readSchema(schema: FlatTable): ArrowSchema {
  if (schema.int16(0) !== 0) throw new FlatbufferError('its numbers are big-endian, which is not read');
  const columns: ArrowColumn[] = [];
  const others: string[] = [];
  const unread: { name: string; why: string }[] = [];
  const views: number[] = [];
  let nodes = 0;
  let buffers = 0;
  let fields = 0;

  const visit = (field: FlatTable, above: readonly string[], aboveLists: number, presentAbove: readonly number[]): void => {
    if (++fields > MOST_FIELDS || above.length > DEEPEST || aboveLists > DEEPEST) throw new FlatbufferError('the schema is too large');
    const names = aboveLists === 0 ? [...above, field.text(0)] : above;
    const name = names.join('.');
    const kind = field.uint8(2);
    const children = field.tables(5);
    const node = nodes++;
    const own = buffers;
    const asOther = (): void => {
      if (aboveLists === 0) others.push(name);
    };
    // Of a dictionary's column batches hold the indices.
    if (field.table(4) !== null) {
      buffers += 2;
      asOther();
      return;
    }
    buffers += buffersOf(kind, field);
    if (kind === Kind.binaryView || kind === Kind.textView) views.push(buffers);
    if (kind === Kind.list || kind === Kind.largeList || kind === Kind.fixedSizeList) {
      const element = children[0];
      if (element === undefined || children.length !== 1) throw new FlatbufferError('a list has no type of its elements');
      const type = element.table(4) === null ? numberType(element) : null;
      if (aboveLists === 0) {
        if (type !== null) {
          columns.push({
            name,
            type,
            list: kind === Kind.fixedSizeList ? { fixed: field.table(3)?.int32(0) ?? 0 } : { offsetBytes: kind === Kind.list ? 4 : 8 },
            present: [...presentAbove, own],
            node,
            elementNode: nodes,
            offsets: kind === Kind.fixedSizeList ? null : own + 1,
            elementPresent: buffers,
            elements: buffers + 1,
          });
        } else if (holdsNumbers(element)) unread.push({ name, why: 'Its rows are lists of lists.' });
        else others.push(name);
      }
      visit(element, names, aboveLists + 1, []);
      return;
    }
    const type = numberType(field);
    if (type !== null && aboveLists === 0) {
      const elements = own + 1;
      columns.push({
        name,
        type,
        list: null,
        present: [...presentAbove, own],
        node,
        elementNode: node,
        offsets: null,
        elementPresent: null,
        elements,
      });
    } else if (kind !== Kind.struct) asOther();
    const inside = kind === Kind.struct ? aboveLists : aboveLists + 1;
    for (const child of children) visit(child, names, inside, [...presentAbove, own]);
  };
  for (const field of schema.tables(1)) visit(field, [], 0, []);
  return { columns, others, unread, nodes, buffers, views };
}

function buffersOf(kind: number, field: FlatTable): number {
  switch (kind) {
    case Kind.null:
    case Kind.runEnd:
      return 0;
    case Kind.struct:
    case Kind.fixedSizeList:
      return 1;
    case Kind.binary:
    case Kind.text:
    case Kind.largeBinary:
    case Kind.largeText:
    case Kind.listView:
    case Kind.largeListView:
      return 3;
    case Kind.union:
      return field.table(3)?.int16(0) === DENSE ? 2 : 1;
    default:
      if (kind < 1 || kind > KNOWN_KINDS) throw new FlatbufferError(`columns of type ${kind} are not known`);
      return 2;
  }
}

function holdsNumbers(field: FlatTable, depth = 0): boolean {
  const kind = field.uint8(2);
  if (depth > DEEPEST) return false;
  const isList = kind === Kind.list || kind === Kind.largeList || kind === Kind.fixedSizeList;
  if (!isList) return numberType(field) !== null;
  const element = field.tables(5)[0];
  return element !== undefined && holdsNumbers(element, depth + 1);
}

/** Null where values are no numbers: text, dates, decimals, truth values. */
function numberType(field: FlatTable): ElementType | null {
  const kind = field.uint8(2);
  const type = field.table(3);
  if (kind === Kind.float) return (['float16', 'float32', 'float64'] as const)[type?.int16(0) ?? 0] ?? null;
  if (kind !== Kind.int) return null;
  const bits = type?.int32(0) ?? 0;
  if (bits !== 8 && bits !== 16 && bits !== 32 && bits !== 64) return null;
  return type!.uint8(1) !== 0 ? `int${bits}` : `uint${bits}`;
}
