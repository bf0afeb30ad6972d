import type { OpenBytes } from '../bytes/byte-source';
import { readJsonBeside } from '../json/json-beside';
import { isRecord } from '../safetensors/safetensors-header';

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

/** The first description found beside `path`. One that cannot be read is none. */
export async function readQuantisationConfig(path: string, openBytes: OpenBytes): Promise<QuantisationConfig> {
  for (const file of FILES) {
    const found = await readJsonBeside(path, file, openBytes);
    if (found === null) continue;
    const config = found.json.quantization_config ?? found.json.quantization ?? found.json;
    if (isRecord(config) && DESCRIBES.some((key) => config[key] !== undefined)) return described(config, found.fingerprint);
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
