import { FormatError } from '../format-error';
import { integerOf, type SqliteFile, type SqliteRow } from './sqlite-file';

/** Tables of a database: schemas of people have dozens. */
const MOST_TABLES = 10_000;
const MOST_SQL = 2 ** 20;

export interface SqliteTable {
  readonly name: string;
  /** First page of its b-tree. */
  readonly root: number;
  /** Names of the columns that a row holds, in its order. */
  readonly columns: readonly string[];
}

/** A virtual table of sqlite-vec. */
export interface VecTable {
  readonly name: string;
  readonly vectors: readonly VecColumn[];
}

export interface VecColumn {
  readonly name: string;
  readonly type: 'float32' | 'int8' | 'bit';
  readonly dimensions: number;
}

export interface Schema {
  readonly tables: ReadonlyMap<string, SqliteTable>;
  readonly vecTables: readonly VecTable[];
  /** Names of virtual tables: what they keep is in tables whose names begin with theirs. */
  readonly virtual: readonly string[];
}

/** What the first page says of the tables. Those without rowids are left out. */
export async function readSchema(file: SqliteFile): Promise<Schema> {
  const tables = new Map<string, SqliteTable>();
  const vecTables: VecTable[] = [];
  const virtual: string[] = [];
  for await (const row of file.rows(1)) {
    const [type, name, , root, sql] = row.fields;
    if (type?.kind !== 'text' || name?.kind !== 'text' || root === undefined || sql?.kind !== 'text' || sql.length > MOST_SQL) continue;
    if ((await row.text(type)) !== 'table') continue;
    if (tables.size + virtual.length === MOST_TABLES)
      throw new FormatError(file.source.path, null, `the database has more than ${MOST_TABLES} tables.`);
    const [called, statement] = [await row.text(name), await row.text(sql)];
    const definition = definitionOf(statement);
    if (definition === null) continue;
    if (definition.module !== null) {
      virtual.push(called);
      if (definition.module.toLowerCase() === 'vec0') vecTables.push({ name: called, vectors: definition.items.flatMap(vecColumn) });
    } else if (!/without\s+rowid/i.test(definition.rest)) {
      tables.set(called, { name: called, root: (await rootOf(row)) ?? 0, columns: definition.items.flatMap(storedColumn) });
    }
  }
  return { tables, vecTables, virtual };

  function rootOf(row: SqliteRow): Promise<number | null> {
    return integerOf(row, row.fields[3]!);
  }
}

/** One token: a string, a quoted name, a comment, a word, or a single character. */
const TOKEN = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|\/\*[\s\S]*?\*\/|[\p{L}\p{N}_$]+|\s+|[\s\S]/gu;

interface Definition {
  /** What a virtual table is made by; null for a plain table. */
  readonly module: string | null;
  /** What stands between the brackets, by its commas. */
  readonly items: readonly (readonly string[])[];
  /** What follows the brackets. */
  readonly rest: string;
}

/** Of a `CREATE TABLE name (...)` or `CREATE VIRTUAL TABLE name USING module(...)`, as SQLite keeps it. */
function definitionOf(sql: string): Definition | null {
  const tokens = (sql.match(TOKEN) ?? []).filter((token) => !/^(\s|--|\/\*)/.test(token));
  const open = tokens.indexOf('(');
  if (open < 0) return null;
  const items: string[][] = [[]];
  let depth = 1;
  let at = open + 1;
  for (; at < tokens.length; at++) {
    const token = tokens[at]!;
    if (token === '(') depth++;
    if (token === ')' && --depth === 0) break;
    if (token === ',' && depth === 1) items.push([]);
    else items.at(-1)!.push(token);
  }
  const isVirtual = tokens[1]?.toLowerCase() === 'virtual';
  return { module: isVirtual ? tokens[open - 1]! : null, items, rest: tokens.slice(at + 1).join(' ') };
}

/** The column that a part of a plain table's definition is, unless it is a constraint or a column that is computed and not stored. */
function storedColumn(tokens: readonly string[]): string[] {
  const [name] = tokens;
  if (name === undefined || /^(constraint|primary|unique|check|foreign)$/i.test(name)) return [];
  const words = tokens.map((token) => token.toLowerCase());
  const isComputed = words.some((word, i) => word === 'as' && words[i + 1] === '(');
  return isComputed && !words.includes('stored') ? [] : [unquoted(name)];
}

const VEC_TYPES: Readonly<Record<string, VecColumn['type']>> = { float: 'float32', f32: 'float32', int8: 'int8', i8: 'int8', bit: 'bit' };

/** The column of vectors that an argument of vec0 is: `name float[768] ...`. */
function vecColumn(tokens: readonly string[]): VecColumn[] {
  const [name, type, size] = tokens;
  if (name === undefined || type === undefined || size === undefined) return [];
  const found = VEC_TYPES[type.toLowerCase()];
  const dimensions = Number(/^\[\s*(\d{1,9})\s*\]$/.exec(size)?.[1] ?? 0);
  return found === undefined || dimensions === 0 ? [] : [{ name: unquoted(name), type: found, dimensions }];
}

function unquoted(name: string): string {
  const quote = name[0]!;
  if (quote === '[') return name.slice(1, -1);
  return '"`\''.includes(quote) && name.length > 1 ? name.slice(1, -1).replaceAll(quote + quote, quote) : name;
}
