import { dirname, join } from 'node:path';
import type { OpenBytes } from '../bytes/byte-source';
import { FormatError } from '../format-error';
import { isRecord } from '../safetensors/safetensors-header';
import { parseBoundedJson } from './bounded-json';

const MAX_BYTES = 2 ** 23;

/** A JSON object in the folder of `path`, with what changes when the file does; null where there is none that can be read. */
export async function readJsonBeside(
  path: string,
  file: string,
  openBytes: OpenBytes,
): Promise<{ readonly json: Readonly<Record<string, unknown>>; readonly fingerprint: string } | null> {
  const beside = join(dirname(path), file);
  try {
    const source = await openBytes(beside);
    try {
      if (source.size > MAX_BYTES) return null;
      const text = new Uint8Array(source.size);
      await source.read(0, text);
      const json = parseBoundedJson(text, beside, 'the configuration', 0);
      return isRecord(json) ? { json, fingerprint: `${beside} ${source.fingerprint}` } : null;
    } finally {
      await source.close();
    }
  } catch (error) {
    if (error instanceof FormatError) return null;
    throw error;
  }
}
