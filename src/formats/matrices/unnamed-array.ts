import type { ByteSource } from '../bytes/byte-source';
import { FormatError } from '../format-error';
import type { MatrixSource, TensorFile, TensorInfo } from '../matrix-source';

/**
 * A file that holds one array without a name; closing it closes `source`.
 * @param format id in the registry
 */
export function unnamedArray(
  source: ByteSource,
  format: string,
  info: Omit<TensorInfo, 'name'>,
  warnings: readonly string[],
  open: () => MatrixSource,
): TensorFile {
  const { path } = source;
  return {
    path,
    format,
    bytes: source.size,
    tensors: [{ name: '', ...info }],
    warnings,
    fingerprint: `${path} ${source.fingerprint}`,
    matrix(name) {
      if (name !== '')
        throw new FormatError(path, null, `there is no tensor named ${JSON.stringify(name)}: the file holds one unnamed array.`);
      return open();
    },
    close: () => source.close(),
  };
}
