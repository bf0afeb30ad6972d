import { type ByteSource, partOf } from '../bytes/byte-source';
import { readEntry, readZip, storedPart, type ZipEntry } from '../bytes/zip';
import { FormatError } from '../format-error';
import type { ByteOrder } from '../matrices/elements';
import { MAX_PICKLE_BYTES, unpickle } from './pickle';
import type { TorchContent } from './torch-storage';

/**
 * The layout of `torch.save` since PyTorch 1.6, and of TorchScript: a ZIP archive with one folder that holds
 * `data.pkl`, `byteorder`, and a member `data/<key>` for each storage.
 *
 * @throws FormatError when the archive or its pickle is unsound
 */
export async function readTorchZip(source: ByteSource): Promise<TorchContent> {
  const entries = new Map((await readZip(source)).map((entry) => [entry.name, entry]));
  const root = findRoot(source.path, entries);
  const order = await readByteOrder(source, entries.get(`${root}byteorder`));
  const pickled = entries.get(`${root}data.pkl`)!;
  const pickle = unpickle(await readPickle(source, pickled), source.path, pickled.offset);
  return {
    pickle,
    storageBytes({ key, elements, bytesPerElement }) {
      const entry = entries.get(`${root}data/${key}`);
      if (entry === undefined) return `The archive has no member "${root}data/${key}" for its elements.`;
      if (entry.method !== 'stored') return 'Its elements are compressed; load and save the file with PyTorch.';
      const bytes = elements * bytesPerElement;
      if (bytes > entry.size) return `Member "${entry.name}" of the archive has ${entry.size} bytes, but ${bytes} are needed.`;
      return { source: partOf(storedPart(source, entry), 'storage', 0, bytes), order };
    },
  };
}

function findRoot(path: string, entries: ReadonlyMap<string, ZipEntry>): string {
  for (const name of entries.keys()) {
    const root = /^([^/]+\/)?data\.pkl$/.exec(name);
    if (root !== null) return root[1] ?? '';
  }
  const isScript = [...entries.keys()].some((name) => /^([^/]+\/)?(code\/|model\.json$)/.test(name));
  throw new FormatError(
    path,
    null,
    isScript
      ? 'it is a TorchScript archive of a layout that cannot be read; save the state_dict of the model with torch.save.'
      : 'it is a ZIP archive without data.pkl, so not a file of torch.save.',
  );
}

async function readByteOrder(source: ByteSource, entry: ZipEntry | undefined): Promise<ByteOrder> {
  if (entry === undefined) return 'little';
  const order = new TextDecoder().decode(await readEntry(source, entry, 64)).trim();
  if (order !== 'little' && order !== 'big') {
    throw new FormatError(source.path, entry.offset, 'the byte order should be "little" or "big".');
  }
  return order;
}

async function readPickle(source: ByteSource, entry: ZipEntry): Promise<Uint8Array> {
  if (entry.method !== 'stored') return readEntry(source, entry, MAX_PICKLE_BYTES);
  if (entry.size > MAX_PICKLE_BYTES) {
    throw new FormatError(
      source.path,
      entry.offset,
      `data.pkl has ${entry.size} bytes, more than the ${MAX_PICKLE_BYTES} expected at most.`,
    );
  }
  // PyTorch can be told not to compute checksums, so a stored pickle is not held to its own.
  const bytes = new Uint8Array(entry.size);
  await storedPart(source, entry).read(0, bytes);
  return bytes;
}
