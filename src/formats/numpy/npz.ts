import type { OpenBytes } from '../bytes/byte-source';
import { entryStream, readZip, storedPart } from '../bytes/zip';
import type { Reader } from '../format';
import { FormatError } from '../format-error';
import type { TensorFile } from '../matrix-source';
import { type NpyArray, readNpy } from './npy';

/**
 * Named arrays in a ZIP archive, as `numpy.savez` and `numpy.savez_compressed` write them.
 * Arrays of `savez` are read at random, compressed ones from start to end.
 */
export const npz: Reader = {
  async open(path: string, openBytes: OpenBytes): Promise<TensorFile> {
    const source = await openBytes(path);
    try {
      const arrays = new Map<string, NpyArray>();
      const warnings: string[] = [];
      for (const entry of await readZip(source)) {
        if (!entry.name.endsWith('.npy')) {
          warnings.push(`Member ${JSON.stringify(entry.name)} is not an array, and is ignored.`);
          continue;
        }
        const name = entry.name.slice(0, -'.npy'.length);
        const array = await readNpy(name, entry.method === 'stored' ? storedPart(source, entry) : entryStream(source, entry));
        warnings.push(...array.warnings.map((warning) => `${name}: ${warning}`));
        arrays.set(name, array);
      }
      if (arrays.size === 0) throw new FormatError(path, null, 'the archive holds no arrays (members whose names end in .npy).');
      return {
        path,
        format: 'npz',
        bytes: source.size,
        tensors: [...arrays.values()].map((array) => array.info),
        warnings,
        fingerprint: `${path} ${source.fingerprint}`,
        matrix(name) {
          const array = arrays.get(name);
          if (array === undefined) throw new FormatError(path, null, `there is no array named ${JSON.stringify(name)}.`);
          return array.matrix();
        },
        close: () => source.close(),
      };
    } catch (error) {
      await source.close();
      throw error;
    }
  },
};
