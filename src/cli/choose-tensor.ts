import type { TensorFile } from '../formats/matrix-source';
import { closest } from '../words/closest';
import { Failure } from './failure';

/** The names of all matrices of a file. @throws Failure, with the reason, where there is none */
export function matrixNames({ path, tensors }: TensorFile): readonly string[] {
  const names = tensors.filter(({ matrix }) => matrix !== null).map(({ name }) => name);
  if (names.length > 0) return names;
  const [first] = tensors;
  if (first === undefined) throw new Failure(`${path}: the file holds no tensors`);
  if (tensors.length === 1) throw new Failure(`${path}: the file holds no matrix: ${first.note}`);
  throw new Failure(`${path}: none of its ${tensors.length} tensors is a matrix; the first, ${first.name}: ${first.note}`);
}

/** The matrix with this name. @throws Failure, with the closest names, where there is none */
export function namedMatrix({ path, tensors }: TensorFile, name: string): string {
  const info = tensors.find((tensor) => tensor.name === name);
  if (info === undefined) throw new Failure(`${path}: there is no tensor '${name}'${suggestion(tensors, name)}`);
  if (info.matrix === null) throw new Failure(`${path}: '${name}' cannot be analysed: ${info.note ?? 'it is not a matrix'}`);
  return name;
}

/** The one matrix of a file, or the one with this name. @throws Failure where a name is needed, or unknown */
export function oneMatrix(file: TensorFile, name: string | null): string {
  if (name !== null) return namedMatrix(file, name);
  const [first, ...others] = matrixNames(file);
  if (others.length === 0) return first!;
  throw new Failure(`${file.path}: the file holds ${others.length + 1} matrices; choose one with --tensor, e.g. --tensor ${first}`);
}

function suggestion(tensors: TensorFile['tensors'], asked: string): string {
  const named = tensors.filter(({ name, matrix }) => matrix !== null && name !== '').map(({ name }) => name);
  if (named.length === 0) return '; it holds one unnamed matrix, so leave --tensor out';
  return `; the closest names are ${closest(asked, named, 3).join(', ')}`;
}
