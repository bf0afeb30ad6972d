import { dirname, join } from 'node:path';
import type { OpenBytes } from '../bytes/byte-source';
import type { Reader } from '../format';
import { FormatError } from '../format-error';
import type { TensorFile } from '../matrix-source';
import { csv } from '../text/csv';
import { parseTextProto, type TextMessage } from '../text/text-proto';
import { closeAll, type JoinedPart, joinedFile } from '../weights/joined-file';
import { isFileName } from '../weights/shard-index';
import { openRaw } from './raw';

export const PROJECTOR_CONFIG = 'projector_config.pbtxt';
const MAX_CONFIG_BYTES = 2 ** 20;
const MAX_EMBEDDINGS = 1000;

/**
 * Embeddings for the projector of TensorBoard: `projector_config.pbtxt`, a `ProjectorConfig` as text, names a file of each, beside it or below.
 * Files that end in `.bytes` are float32 in the shape that it gives; others are tables. Metadata, sprites and checkpoints are not opened.
 *
 * https://github.com/tensorflow/tensorboard, `plugins/projector/projector_config.proto`.
 */
export const projector: Reader = {
  async open(path, openBytes, listFolder) {
    const isFolder = ((await listFolder?.(path)) ?? null) !== null;
    const config = isFolder ? join(path, PROJECTOR_CONFIG) : path;
    const { embeddings, bytes, fingerprint } = await readConfig(config, openBytes);
    const parts: JoinedPart[] = [];
    const warnings: string[] = [];
    try {
      for (const embedding of embeddings) {
        if (embedding.file === null) {
          warnings.push(`${JSON.stringify(embedding.name)} lies in a checkpoint of TensorFlow, which is not read.`);
          continue;
        }
        const file = await openEmbedding(join(dirname(config), embedding.file), embedding, openBytes);
        parts.push({ file, nameOf: () => embedding.name });
      }
      if (parts.length === 0) throw new FormatError(config, null, ['it names no file of vectors (tensor_path).', ...warnings].join(' '));
      return joinedFile({ path, format: 'projector', bytes, warnings, fingerprint }, parts);
    } catch (error) {
      await closeAll(parts.map(({ file }) => file));
      throw error;
    }
  },
};

interface Embedding {
  readonly name: string;
  /** From the folder of the configuration; null where it lies in a checkpoint. */
  readonly file: string | null;
  readonly shape: readonly number[];
}

async function readConfig(
  path: string,
  openBytes: OpenBytes,
): Promise<{ readonly embeddings: readonly Embedding[]; readonly bytes: number; readonly fingerprint: string }> {
  const source = await openBytes(path);
  try {
    const { size, fingerprint } = source;
    if (size > MAX_CONFIG_BYTES) throw new FormatError(path, null, `a configuration of ${size} bytes is longer than any that is written.`);
    const text = Buffer.alloc(size);
    await source.read(0, text);
    const listed = parseTextProto(text.toString('utf8'), path).get('embeddings') ?? [];
    if (listed.length > MAX_EMBEDDINGS) throw new FormatError(path, null, `it lists more than ${MAX_EMBEDDINGS} embeddings.`);
    return { embeddings: listed.map((entry, i) => embeddingOf(entry, i, path)), bytes: size, fingerprint: `${path} ${fingerprint}` };
  } finally {
    await source.close();
  }
}

function embeddingOf(entry: string | TextMessage, index: number, path: string): Embedding {
  if (typeof entry === 'string') throw new FormatError(path, null, `embedding ${index + 1} should be a message in braces.`);
  const text = (field: string): string => {
    const value = entry.get(field)?.at(-1) ?? '';
    return typeof value === 'string' ? value : '';
  };
  const file = text('tensor_path');
  if (file !== '' && !file.split('/').every(isFileName)) {
    throw new FormatError(
      path,
      null,
      `vectors should lie in a file beside the configuration or below, not in ${JSON.stringify(file.slice(0, 200))}.`,
    );
  }
  return {
    name: text('tensor_name') || `embedding ${index + 1}`,
    file: file || null,
    shape: (entry.get('tensor_shape') ?? []).map(Number),
  };
}

async function openEmbedding(path: string, { shape }: Embedding, openBytes: OpenBytes): Promise<TensorFile> {
  if (!path.endsWith('.bytes')) return csv.open(path, openBytes);
  const [rows = 0, columns = 0] = shape;
  const source = await openBytes(path);
  await source.close();
  if (shape.length !== 2 || rows * columns * 4 !== source.size) {
    throw new FormatError(
      path,
      null,
      `its ${source.size} bytes should be float32 in the tensor_shape of the configuration, which is ${shape.join(' x ') || 'not given'}.`,
    );
  }
  return openRaw(path, { dtype: 'float32', columns, rows }, openBytes);
}
