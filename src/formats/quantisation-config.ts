import { dirname, join } from 'node:path';
import { parseBoundedJson } from './bounded-json';
import type { OpenBytes } from './byte-source';
import { FormatError } from './format-error';
import { isRecord } from './safetensors-header';

/** What the files beside a model say of how its weights were quantised; what they do not say is null. */
export interface QuantisationConfig {
  /** `gptq`, `gptq_v2`, ... */
  readonly checkpointFormat: string | null;
  /** Of AWQ: `gemm`, `gemv`, ... */
  readonly version: string | null;
  readonly groupSize: number | null;
  /** Rows and columns that share a scale. */
  readonly blockSize: readonly [number, number] | null;
  /** Group size of one module, where it has one of its own. */
  readonly moduleGroupSize: (module: string) => number | null;
  /** Changes when the files do. */
  readonly fingerprint: string;
}

/** Of Transformers and MLX, of AutoGPTQ, and of AutoAWQ. */
const FILES = ['config.json', 'quantize_config.json', 'quant_config.json'];
const MAX_BYTES = 2 ** 23;

/** The first description found beside `path`. One that cannot be read is none. */
export async function readQuantisationConfig(path: string, openBytes: OpenBytes): Promise<QuantisationConfig> {
  for (const file of FILES) {
    const found = await readJson(join(dirname(path), file), openBytes);
    const config = isRecord(found?.json) ? (found.json.quantization_config ?? found.json.quantization ?? found.json) : null;
    if (isRecord(config) && DESCRIBES.some((key) => config[key] !== undefined)) return described(config, found!.fingerprint);
  }
  return described({}, '');
}

const DESCRIBES = ['quant_method', 'bits', 'w_bit', 'group_size', 'q_group_size', 'checkpoint_format', 'weight_block_size'];

function described(config: Record<string, unknown>, fingerprint: string): QuantisationConfig {
  const text = (value: unknown) => (typeof value === 'string' ? value.toLowerCase() : null);
  const block = config.weight_block_size;
  return {
    checkpointFormat: text(config.checkpoint_format ?? config.format),
    version: text(config.version),
    groupSize: size(config.group_size ?? config.q_group_size),
    blockSize: Array.isArray(block) && block.length === 2 && block.every((n) => size(n) !== null) ? (block as [number, number]) : null,
    moduleGroupSize: (module) => {
      const own = Object.hasOwn(config, module) ? config[module] : null;
      return isRecord(own) ? size(own.group_size) : null;
    },
    fingerprint,
  };
}

function size(value: unknown): number | null {
  return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : null;
}

async function readJson(path: string, openBytes: OpenBytes): Promise<{ json: unknown; fingerprint: string } | null> {
  try {
    const source = await openBytes(path);
    try {
      if (source.size > MAX_BYTES) return null;
      const text = new Uint8Array(source.size);
      await source.read(0, text);
      return { json: parseBoundedJson(text, path, 'the configuration', 0), fingerprint: `${path} ${source.fingerprint}` };
    } finally {
      await source.close();
    }
  } catch (error) {
    if (error instanceof FormatError) return null;
    throw error;
  }
}
