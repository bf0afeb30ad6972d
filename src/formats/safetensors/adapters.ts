import { dirname, resolve } from 'node:path';
import type { OpenBytes } from '../bytes/byte-source';
import { FormatError } from '../format-error';
import { readJsonBeside } from '../json/json-beside';
import { type Factors, lowRankMatrix } from '../matrices/low-rank';
import { transpose } from '../matrices/transpose';
import type { MatrixSource } from '../matrix-source';
import { matrixOf, type StoredModel, type StoredTensor } from '../weights/stored-tensors';
import { isRecord } from './safetensors-header';

/** Numbers of a factor that are held at once. */
const MOST_HELD = 2 ** 25;

/** `x.q_proj.lora_A.weight`, `x.q_proj.lora_A.default.weight`, `x.embed_tokens.lora_embedding_A`. */
const FACTOR = /^(.+)\.lora_(embedding_)?A(\.\w+)?$/;

/** Factors and scales of IA3, LoHa, LoKr, OFT, BOFT and VeRA. */
const OTHER_ADAPTERS = /\.(?:ia3_l|hada_w\d_[ab]|lokr_w\d(?:_[ab])?|b?oft_[RSs]|vera_lambda_[bd])\b/;
const AS_STORED = 'Adapters of this kind are shown as they are stored, not as the change that they make: only LoRA is multiplied out.';

/** Of the model that is adapted, by their names. */
type Weights = ReadonlyMap<string, StoredTensor>;

interface Pair {
  /** Of the module that is adapted. */
  readonly module: string;
  readonly embedding: boolean;
  readonly a: StoredTensor;
  readonly b: StoredTensor;
}

/**
 * The products s B A of LoRA adapters, which stand instead of the factors A and B: those say nothing alone, since any invertible matrix
 * between them leaves the product. Where the model that they adapt is a folder here, also the sums W + s B A.
 *
 * Names and scale as in PEFT: s = alpha / r, or alpha / sqrt(r) with `use_rslora`, from `adapter_config.json` beside the file.
 *
 * @param path of the adapter's file
 * @param openModel opens the model in a folder; null where there is none
 */
export async function withProducts(
  tensors: readonly StoredTensor[],
  path: string,
  openBytes: OpenBytes,
  openModel: (folder: string) => Promise<StoredModel | null>,
): Promise<Omit<StoredModel, 'bytes'>> {
  const pairs = pairsOf(tensors);
  if (pairs.length === 0) {
    const other = tensors.some(({ name }) => OTHER_ADAPTERS.test(name));
    return { tensors, fingerprint: [], warnings: other ? [AS_STORED] : [], async close() {} };
  }
  const found = await readJsonBeside(path, 'adapter_config.json', openBytes);
  const config = found?.json ?? {};
  const { base, warnings } = await baseOf(config, path, tensors, openModel);
  try {
    const weights = new Map(base?.tensors.map((tensor) => [tensor.name, tensor]));
    const products = new Map(pairs.flatMap((pair) => productsOf(pair, config, weights)));
    const factors = new Set([...products.keys()].flatMap(({ a, b }) => [a, b]));
    return {
      tensors: [...tensors.filter((tensor) => !factors.has(tensor)), ...[...products.values()].flat()],
      warnings,
      fingerprint: [...(found === null ? [] : [found.fingerprint]), ...(base?.fingerprint ?? [])],
      close: async () => base?.close(),
    };
  } catch (error) {
    await base?.close();
    throw error;
  }
}

function pairsOf(tensors: readonly StoredTensor[]): Pair[] {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  return tensors.flatMap((a) => {
    const weight = /\.weight$/.test(a.name);
    const match = FACTOR.exec(weight ? a.name.slice(0, -'.weight'.length) : a.name);
    const embedding = match?.[2] !== undefined;
    if (match === null || (!weight && !embedding)) return [];
    const b = byName.get(`${match[1]}.lora_${match[2] ?? ''}B${match[3] ?? ''}${weight ? '.weight' : ''}`);
    return b === undefined ? [] : [{ module: match[1]!, embedding, a, b }];
  });
}

const DORA = 'With DoRA the adapted weights are scaled to learned lengths, so only the products B A are shown.';

async function baseOf(
  config: Readonly<Record<string, unknown>>,
  path: string,
  tensors: readonly StoredTensor[],
  openModel: (folder: string) => Promise<StoredModel | null>,
): Promise<{ base: StoredModel | null; warnings: string[] }> {
  if (config.use_dora === true || tensors.some(({ name }) => /\.lora_magnitude_vector\b/.test(name)))
    return { base: null, warnings: [DORA] };
  const name = config.base_model_name_or_path;
  // A path that begins with two slashes can name another machine.
  const folders = typeof name === 'string' && name !== '' && !/^[/\\]{2}|:\/\/|\0/.test(name) ? [resolve(dirname(path), name)] : [];
  try {
    for (const folder of [...folders, dirname(path)]) {
      const base = await openModel(folder);
      if (base !== null) return { base, warnings: [] };
    }
    return { base: null, warnings: [] };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return { base: null, warnings: [`The model that it adapts cannot be read, so only the products B A are shown: ${error.message}`] };
  }
}

/** Empty where the factors do not fit each other, or cannot be held. */
function productsOf(pair: Pair, config: Readonly<Record<string, unknown>>, base: Weights): [Pair, StoredTensor[]][] {
  const [a, b] = [matrixOf(pair.a), matrixOf(pair.b)];
  if (a.size === null || b.size === null || a.size.rows !== b.size.columns) return [];
  const rank = a.size.rows;
  const [outputs, inputs] = [b.size.rows, a.size.columns];
  if (rank * Math.max(outputs, inputs) > MOST_HELD) return [];
  const { scale, note } = scaleOf(pair.module, rank, config);
  const described = { dtype: pair.a.dtype, bytes: pair.a.bytes + pair.b.bytes };
  /** Embeddings and `fan_in_fan_out` store inputs by outputs: their change is the transpose. */
  const layout = (turned: boolean, weight: MatrixSource | null) => {
    const size = turned ? { rows: inputs, columns: outputs, rank } : { rows: outputs, columns: inputs, rank };
    return lowRankMatrix(size, () => factorsOf(a.open(), b.open(), scale, turned), weight);
  };
  const product: StoredTensor = {
    ...described,
    name: `${pair.module}.lora (B A)`,
    shape: pair.embedding ? [inputs, outputs] : [outputs, inputs],
    layout: () => layout(pair.embedding, null),
    note: `The product of an adapter of rank ${rank}, computed row by row; ${note}`,
  };
  const turned = pair.embedding || config.fan_in_fan_out === true;
  const [rows, columns] = turned ? [inputs, outputs] : [outputs, inputs];
  const weight = weightOf(base, pair.module, rows, columns);
  if (weight === null) return [[pair, [product]]];
  const sum: StoredTensor = {
    dtype: weight.tensor.dtype,
    bytes: described.bytes + weight.tensor.bytes,
    name: `${weight.tensor.name} (W + B A)`,
    shape: [rows, columns],
    layout: () => layout(turned, weight.open()),
    note: `The weight of the model with the change of its adapter of rank ${rank}; ${note}`,
  };
  return [[pair, [product, sum]]];
}

/** The weight of a module, by the longest end of its name that a tensor of the model has; null where it is not of this size. */
function weightOf(base: Weights, module: string, rows: number, columns: number): { tensor: StoredTensor; open: () => MatrixSource } | null {
  for (let path = module; path !== ''; path = path.includes('.') ? path.slice(path.indexOf('.') + 1) : '') {
    const tensor = base.get(`${path}.weight`);
    if (tensor === undefined) continue;
    const matrix = matrixOf(tensor);
    return matrix.size !== null && matrix.size.rows === rows && matrix.size.columns === columns ? { tensor, open: matrix.open } : null;
  }
  return null;
}

function scaleOf(module: string, rank: number, config: Readonly<Record<string, unknown>>): { scale: number; note: string } {
  const patterns = isRecord(config.alpha_pattern) ? Object.entries(config.alpha_pattern) : [];
  const own = patterns.find(([key]) => module === key || module.endsWith(`.${key}`))?.[1];
  // Other patterns are regular expressions of an unknown author.
  const clear = own !== undefined || patterns.every(([key]) => /^[\w.]+$/.test(key));
  const alpha = own ?? config.lora_alpha;
  if (!clear || typeof alpha !== 'number' || !(alpha > 0) || !Number.isFinite(alpha))
    return { scale: 1, note: 'its scale is not known from adapter_config.json, and is left out.' };
  const root = config.use_rslora === true;
  const scale = alpha / (root ? Math.sqrt(rank) : rank);
  return { scale, note: `its scale is ${alpha} / ${root ? `sqrt(${rank})` : rank}.` };
}

/** As rows x rank and rank x columns of the product, or of its transpose; the scale goes to the left. */
async function factorsOf(a: MatrixSource, b: MatrixSource, scale: number, turned: boolean): Promise<Factors> {
  const [rank, outputs, inputs] = [a.rows!, b.rows!, a.columns];
  const [across, down] = [await wholeOf(a), await wholeOf(b)];
  const left = turned ? turn(across, rank, inputs) : down;
  for (let i = 0; i < left.length; i++) left[i] = left[i]! * scale;
  return { left, right: turned ? turn(down, outputs, rank) : across };
}

function turn(values: Float64Array, rows: number, columns: number): Float64Array {
  const turned = new Float64Array(values.length);
  transpose(values, rows, columns, turned, 0);
  return turned;
}

async function wholeOf(matrix: MatrixSource): Promise<Float64Array> {
  const whole = new Float64Array(matrix.rows! * matrix.columns);
  for await (const { first, count, values } of matrix.stream(1024))
    whole.set(values.subarray(0, count * matrix.columns), first * matrix.columns);
  return whole;
}
