import { bytes, counted } from '../../src/words/numbers';
import { type Session, selectedTensor } from '../session';
import { shapeText } from './tensors';

const GIVEN = 'The file does not say what its numbers are: it is read in the shape and type that were given.';

export interface HeaderModel {
  readonly title: string;
  /** The tensor's own name; null where the file holds one unnamed array. */
  readonly tensor: string | null;
  readonly facts: readonly string[];
  /** Sentences: how the matrix was made of the tensor, and what the reader of the file wants known. */
  readonly notes: readonly string[];
}

export function headerModel(session: Session): HeaderModel {
  const { path, file, report } = session;
  if (file === null) return { title: path === null ? 'Spectral health' : baseName(path), tensor: null, facts: [], notes: [] };
  const tensor = selectedTensor(session);
  const facts = tensor === null ? [] : [shapeText(tensor.shape), tensor.dtype];
  if (report !== null && tensor !== null && tensor.matrix?.rows === null) facts[0] = shapeText([report.source.rows, report.source.columns]);
  const several = file.tensors.length > 1 ? [counted(file.tensors.length, 'tensor')] : [];
  return {
    title: baseName(file.path),
    tensor: tensor === null || tensor.name === '' ? null : tensor.name,
    facts: [...facts, file.format, bytes(file.bytes), ...several],
    notes: [
      ...(session.layout === null ? [] : [GIVEN]),
      ...(tensor === null || tensor.note === null ? [] : [tensor.note]),
      ...file.warnings,
    ],
  };
}

/** Paths come from either kind of machine. */
function baseName(path: string): string {
  return path.split(/[\\/]/).findLast((part) => part !== '') ?? path;
}
