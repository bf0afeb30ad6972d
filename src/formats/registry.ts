import type { ByteSource, OpenBytes } from './byte-source';
import { csv } from './csv';
import { openFile } from './file-bytes';
import type { Format } from './format';
import { FormatError } from './format-error';
import type { TensorFile } from './matrix-source';
import { npy } from './npy';
import { npz } from './npz';
import { safetensors } from './safetensors';
import { torch } from './torch';
import { readZip } from './zip';

export const FORMATS: readonly Format[] = [npy, npz, safetensors, torch, csv];

/**
 * Opens a file. Its ending says what it should be; content that is plainly another format is opened as that.
 * @throws FormatError when the file cannot be read, with what and where
 */
export async function openTensorFile(path: string, openBytes: OpenBytes = openFile): Promise<TensorFile> {
  const source = await openBytes(path);
  let format: Format | null;
  try {
    format = (await formatOfContent(source)) ?? formatOfEnding(path);
  } finally {
    await source.close();
  }
  if (format !== null) return format.open(path, openBytes);
  try {
    return await csv.open(path, openBytes);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    const known = FORMATS.map(({ label, extensions }) => `${label} (${extensions.join(', ')})`).join(', ');
    throw new FormatError(path, null, `this kind of file cannot be read. These can: ${known}.`);
  }
}

/** Null when no format has this ending. */
export function formatOfEnding(path: string): Format | null {
  const name = path.toLowerCase();
  return FORMATS.find((format) => format.extensions.some((ending) => name.endsWith(ending))) ?? null;
}

/** By the first bytes; null where they do not tell (text has no mark of its own). */
async function formatOfContent(source: ByteSource): Promise<Format | null> {
  const head = new Uint8Array(Math.min(source.size, 9));
  await source.read(0, head);
  const starts = (...bytes: number[]) => bytes.every((byte, i) => head[i] === byte);
  if (starts(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59)) return npy;
  if (starts(0x50, 0x4b, 3, 4)) return formatOfZip(source);
  // A pickle of protocol 2 to 5.
  if (head[0] === 0x80 && head[1]! >= 2 && head[1]! <= 5) return torch;
  if (head.length === 9 && head[8] === 0x7b) {
    const headerBytes = Number(new DataView(head.buffer).getBigUint64(0, true));
    if (headerBytes + 8 <= source.size) return safetensors;
  }
  return null;
}

async function formatOfZip(source: ByteSource): Promise<Format | null> {
  try {
    const names = (await readZip(source)).map((entry) => entry.name);
    if (names.some((name) => name === 'data.pkl' || name.endsWith('/data.pkl'))) return torch;
    return names.some((name) => name.endsWith('.npy')) ? npz : null;
  } catch (error) {
    // An unsound archive: the format of the file's ending says what is wrong.
    if (error instanceof FormatError) return null;
    throw error;
  }
}
