import type { ByteSource } from '../bytes/byte-source';
import { readEntry, readZip, storedPart, type ZipEntry } from '../bytes/zip';
import type { Reader } from '../format';
import { FormatError } from '../format-error';
import { openHdf5 } from './hdf5';

const WEIGHTS = 'model.weights.h5';
/** Of a compressed member, which is unpacked in memory. */
const MOST_UNPACKED = 2 ** 30;

/** Weights of Keras: `.keras`, an archive with `model.weights.h5` in it, or that file alone. */
export const keras: Reader = {
  async open(path, openBytes) {
    const file = await openBytes(path);
    let weights: ByteSource;
    try {
      const head = new Uint8Array(Math.min(file.size, 4));
      await file.read(0, head);
      weights = head[0] === 0x50 && head[1] === 0x4b ? await member(file) : file;
    } catch (error) {
      await file.close();
      throw error;
    }
    return openHdf5(path, 'keras', weights, openBytes);
  },
};

async function member(file: ByteSource): Promise<ByteSource> {
  const entry = (await readZip(file)).find(({ name }) => name === WEIGHTS);
  if (entry === undefined) throw new FormatError(file.path, null, `the archive holds no ${WEIGHTS}.`);
  const part = entry.method === 'stored' ? storedPart(file, entry) : await unpacked(file, entry);
  return { ...part, close: () => file.close() };
}

async function unpacked(file: ByteSource, entry: ZipEntry): Promise<ByteSource> {
  const content = await readEntry(file, entry, MOST_UNPACKED);
  const path = `${file.path} (${entry.name})`;
  const readSync = (offset: number, target: Uint8Array): void => {
    const part = content.subarray(offset, offset + target.length);
    if (part.length < target.length) throw new FormatError(path, offset + part.length, 'the data end here.');
    target.set(part);
  };
  return {
    path,
    size: content.length,
    fingerprint: file.fingerprint,
    read: async (offset, target) => readSync(offset, target),
    readSync,
    async close() {},
  };
}
