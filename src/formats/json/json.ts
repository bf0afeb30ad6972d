import type { ByteSource } from '../bytes/byte-source';
import type { Reader } from '../format';
import { FormatError } from '../format-error';
import { RowBlocks, rowsPerBlockOf } from '../matrices/row-blocks';
import { sequential } from '../matrices/sequential';
import type { MatrixSource, RowBlock, TensorFile, TensorInfo } from '../matrix-source';
import { refuseOtherEncodings } from '../text/lines';
import { MOST_NUMBERS, newPlace, type Place, VectorScanner } from './vector-scanner';

/** Text that is looked at for the fields that hold vectors; more only until the first is found. */
const LOOKED_AT_BYTES = 4 * 2 ** 20;
/** Vectors under as many names of one object, all of one length, are rows of one matrix. */
const LEAST_DICTIONARY = 3;

/**
 * JSON and JSON Lines with vectors: arrays of numbers. Those with the same keys above them are the rows of one matrix, which is named by the
 * keys, `data.embedding`; arrays around them add none, so that `{"data":[{"embedding":[...]}, ...]}`, `{"embeddings":[[...], ...]}` and one
 * object a line are read alike. An object of the whole file that gives each name a vector is one matrix, its names left out. In a field
 * `embedding` a string may be base64 of float32. null instead of a vector is a row of NaN. Rows are read from start to end.
 */
export const json: Reader = {
  async open(path, openBytes) {
    const source = await openBytes(path);
    try {
      await refuseOtherEncodings(source);
      return jsonFile(source, await findMatrices(source));
    } catch (error) {
      await source.close();
      throw error;
    }
  },
};

interface JsonMatrix {
  readonly info: TensorInfo;
  readonly root: Place;
  readonly place: Place;
}

function jsonFile(source: ByteSource, matrices: readonly JsonMatrix[]): TensorFile {
  const { path } = source;
  const byName = new Map(matrices.map((matrix) => [matrix.info.name, matrix]));
  return {
    path,
    format: 'json',
    bytes: source.size,
    tensors: matrices.map(({ info }) => info),
    warnings: [],
    fingerprint: `${path} ${source.fingerprint}`,
    matrix(name) {
      const found = byName.get(name);
      if (found === undefined) throw new FormatError(path, null, `there is no field of vectors named ${JSON.stringify(name)}.`);
      if (found.info.matrix === null)
        throw new FormatError(path, null, `field ${JSON.stringify(name)} cannot be read as a matrix. ${found.info.note}`);
      return vectorsAt(source, found);
    },
    close: () => source.close(),
  };
}

async function findMatrices(source: ByteSource): Promise<JsonMatrix[]> {
  const root = newPlace();
  const found: Place[] = [];
  const scanner = new VectorScanner(source, root, null);
  while ((scanner.position < LOOKED_AT_BYTES || found.length === 0) && (await scanner.more())) {
    while (scanner.next()) if (note(scanner)) found.push(scanner.place!);
  }
  if (found.length === 0) throw new FormatError(source.path, null, 'no field holds vectors, which are arrays of numbers.');
  const dictionary = scanner.documents <= 1 ? dictionaryOf(source, root, found) : null;
  if (dictionary !== null) return [dictionary];
  // Beside lists of vectors a single list of numbers is something else, such as the identifiers of the rows.
  const several = found.filter(({ vectors }) => vectors!.count > 1);
  const matrices = describe(source, root, several.length > 0 ? several : found);
  if (matrices.every(({ info }) => info.matrix === null)) {
    const { name, note } = matrices[0]!.info;
    throw new FormatError(source.path, null, `field ${JSON.stringify(name)} cannot be read as a matrix. ${note}`);
  }
  return matrices;
}

/** Takes note of the vector that was found. @returns whether it is the first at its place */
function note({ place, length, level, encoded, line }: VectorScanner): boolean {
  const known = place!.vectors;
  if (known === null) {
    const problem = length > MOST_NUMBERS ? `Line ${line} has a vector of more than ${MOST_NUMBERS} numbers.` : null;
    place!.vectors = { length, level, encoded, count: 1, problem };
    return true;
  }
  known.count++;
  if (length !== known.length) known.problem ??= `Its vectors differ in length: ${known.length} in the first, ${length} in line ${line}.`;
  return false;
}

function dictionaryOf(source: ByteSource, root: Place, found: readonly Place[]): JsonMatrix | null {
  const first = found[0]!.vectors!;
  const alike = found.every(
    ({ keys, vectors }) => keys.length === 1 && vectors!.level === 1 && vectors!.count === 1 && vectors!.length === first.length,
  );
  if (!alike || found.length < LEAST_DICTIONARY || first.problem !== null) return null;
  root.every = { ...newPlace(), vectors: first };
  return { root, place: root.every, info: infoOf(source, '', first.length, false, 'Each name is a row; the names are left out.') };
}

function describe(source: ByteSource, root: Place, places: readonly Place[]): JsonMatrix[] {
  const taken = new Set<string>();
  return places.map((place) => {
    const dotted = place.keys.join('.');
    const name = taken.has(dotted) ? JSON.stringify(place.keys) : dotted;
    taken.add(name);
    const { length, encoded, problem } = place.vectors!;
    const info = infoOf(source, name, length, encoded, encoded ? 'Written as base64 of float32.' : null);
    return { root, place, info: problem === null ? info : { ...info, matrix: null, note: problem } };
  });
}

function infoOf({ size }: ByteSource, name: string, columns: number, encoded: boolean, note: string | null): TensorInfo {
  return { name, dtype: encoded ? 'float32' : 'text', shape: [], bytes: size, matrix: { rows: null, columns }, note };
}

function vectorsAt(source: ByteSource, { root, place, info }: JsonMatrix): MatrixSource {
  return sequential(null, info.matrix!.columns, (rowsPerBlock) => streamRows(source, root, place, rowsPerBlock));
}

async function* streamRows(source: ByteSource, root: Place, place: Place, rowsPerBlock: number): AsyncGenerator<RowBlock> {
  const columns = place.vectors!.length;
  // A number and what follows it take two bytes, or as base64 more.
  const blocks = new RowBlocks(columns, rowsPerBlockOf(columns, rowsPerBlock, Math.ceil(source.size / columns / 2)));
  const scanner = new VectorScanner(source, root, place);
  while (await scanner.more()) {
    while (scanner.next()) {
      const { length, line, position, values } = scanner;
      if (length !== columns) {
        const name = JSON.stringify(place.keys.join('.'));
        throw new FormatError(
          source.path,
          position,
          `line ${line}: a vector of ${name} has length ${length}, but the first has ${columns}.`,
        );
      }
      blocks.add(values.subarray(0, columns));
      const block = blocks.take();
      if (block !== null) yield block;
    }
  }
  const rest = blocks.take(true);
  if (rest !== null) yield rest;
}
