import type { Reader } from '../format';
import { openColumn } from '../tables/column-matrix';
import { readArrowTable } from './arrow-batches';
import { tensorsOf } from './arrow-tensors';

/** Arrow IPC files, which Feather files of version 2 are, and streams. Record batches are read by ranges where they lie. */
export const arrow: Reader = {
  async open(path, openBytes) {
    const source = await openBytes(path);
    try {
      const table = await readArrowTable(source);
      const tensors = await tensorsOf(path, table);
      const byName = new Map(tensors.map((tensor) => [tensor.info.name, tensor]));
      return {
        path,
        format: 'arrow',
        bytes: source.size,
        tensors: tensors.map(({ info }) => info),
        warnings: table.warnings,
        fingerprint: `${path} ${source.fingerprint}`,
        matrix: (name) => openColumn(path, byName, name),
        close: () => source.close(),
      };
    } catch (error) {
      await source.close();
      throw error;
    }
  },
};
