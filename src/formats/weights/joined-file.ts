import { FormatError } from '../format-error';
import type { TensorFile } from '../matrix-source';

/** One of several files that are opened as one, and the names that its tensors then have. */
export interface JoinedPart {
  readonly file: TensorFile;
  readonly nameOf: (name: string) => string;
}

/**
 * Several files as one; closing it closes them.
 * @param own what the file says that names the others
 * @throws FormatError when two tensors would have one name
 */
export function joinedFile(
  own: Pick<TensorFile, 'path' | 'format' | 'bytes' | 'warnings' | 'fingerprint'>,
  parts: readonly JoinedPart[],
): TensorFile {
  const { path } = own;
  const places = new Map<string, { file: TensorFile; name: string }>();
  const tensors = parts.flatMap(({ file, nameOf }) =>
    file.tensors.map((tensor) => {
      const name = nameOf(tensor.name);
      if (places.has(name)) throw new FormatError(path, null, `two of its tensors are named ${JSON.stringify(name)}.`);
      places.set(name, { file, name: tensor.name });
      return { ...tensor, name };
    }),
  );
  const files = parts.map(({ file }) => file);
  return {
    ...own,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, own.bytes),
    tensors,
    warnings: [...own.warnings, ...files.flatMap(({ warnings }) => warnings)],
    fingerprint: [own.fingerprint, ...files.map(({ fingerprint }) => fingerprint)].join('\n'),
    matrix(name) {
      const place = places.get(name);
      if (place === undefined) throw new FormatError(path, null, `there is no tensor named ${JSON.stringify(name)}.`);
      return place.file.matrix(place.name);
    },
    close: () => closeAll(files),
  };
}

export async function closeAll(files: readonly TensorFile[]): Promise<void> {
  for (const file of files) await file.close();
}
