import type { MatrixSource } from '../matrix-source';

/** A matrix that is read from its start to its end only. @param rows null where only its end tells */
export function sequential(rows: number | null, columns: number, stream: MatrixSource['stream']): MatrixSource {
  return {
    rows,
    columns,
    access: 'sequential',
    async read() {
      throw new Error('This matrix can only be streamed.');
    },
    stream,
  };
}
