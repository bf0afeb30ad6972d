import type { OpenBytes } from '../bytes/byte-source';
import { readJsonBeside } from '../json/json-beside';
import { BYTES_PER_ELEMENT } from '../matrices/elements';
import { type Selection, selectedRows } from '../matrices/selected-rows';
import { stridedMatrix } from '../matrices/strided-matrix';
import { isRecord } from '../safetensors/safetensors-header';
import type { OpenMatrix, StoredLayout, StoredTensor } from './stored-tensors';

/** More than any model has: of experts in a layer, and of parts together. */
const MAX_EXPERTS = 4096;
const MAX_PARTS = 2 ** 18;

/** What `config.json` says of a transformer; null where it does not say. */
interface ModelConfig {
  readonly type: string;
  readonly heads: number | null;
  readonly keyValueHeads: number | null;
  readonly headSize: number | null;
  readonly hidden: number | null;
  readonly flag: (key: string) => boolean;
}

/** A part of a matrix: some of its rows (axis 0) or columns (axis 1). */
interface Slice {
  readonly label: string;
  readonly axis: 0 | 1;
  readonly selection: Selection;
}

/** The parts of a fused matrix, why it is left whole as a sentence, or null where it is not fused. */
type Split = readonly Slice[] | string | null;

/**
 * Weights that libraries store as one tensor, as the matrices that the model multiplies with: queries, keys and values, gate and up
 * projections, the gates of recurrent layers, and the experts of a layer. The parts stand instead of the whole, named after it:
 * `h.0.attn.c_attn.weight[q]`, `experts.down_proj[3]`, `experts.gate_up_proj[3][up]`. Split is what name and shape agree on, and where heads
 * are interleaved `config.json` beside the model; anything else that may be fused is left whole with a note.
 *
 * Layouts as in the models of Hugging Face Transformers, `torch.nn.MultiheadAttention`, `torch.nn.LSTM` and `torch.nn.GRU`.
 *
 * @param path of the model
 * @returns `fingerprint` has one line where `config.json` was asked and is there
 */
export async function splitWeights(
  tensors: readonly StoredTensor[],
  path: string,
  openBytes: OpenBytes,
): Promise<{ readonly tensors: StoredTensor[]; readonly fingerprint: readonly string[] }> {
  if (!tensors.some(({ name }) => FUSED.some((pattern) => pattern.test(name)))) return { tensors: [...tensors], fingerprint: [] };
  const found = await readJsonBeside(path, 'config.json', openBytes);
  const config = found === null ? null : described(found.json);
  const shapes = new Map(tensors.map(({ name, shape }) => [name, shape]));
  let room = MAX_PARTS;
  const split = tensors.flatMap((tensor) => {
    const parts = partsOf(tensor, config, (name) => shapes.get(name));
    if (parts.length === 1) return parts;
    if (parts.length > room || parts.some(({ name }) => shapes.has(name))) return [tensor];
    room -= parts.length;
    return parts;
  });
  return { tensors: split, fingerprint: found === null ? [] : [found.fingerprint] };
}

const EXPERTS =
  /(?:^|\.)(?:experts\.(?:gate_up|gate|up|down)_proj|experts\.w[123]|block_sparse_moe\.(?:input|output)_linear\.weight|switch_mlp\.(?:gate|up|down)_proj\.weight|\w+_exps\.weight)$/;
const GATE_UP = /(?:^|\.)(?:gate_up_proj(?:\.weight)?|block_sparse_moe\.input_linear\.weight)$/;
const IN_ORDER = /(?:^|[._])(?:qkv_proj\.weight|Wqkv\.weight|in_proj_weight|qkv\.weight)$/;
const CONV1D = /(?:^|\.)c_attn\.weight$/;
const BY_HEADS = /(?:^|\.)query_key_value\.weight$/;
const RECURRENT = /(^|\.)weight_[ih]h(_l\d+(?:_reverse)?)?$/;
const FUSED = [EXPERTS, GATE_UP, IN_ORDER, CONV1D, BY_HEADS, RECURRENT];

function described(json: Readonly<Record<string, unknown>>): ModelConfig {
  const config = isRecord(json.text_config) ? json.text_config : json;
  const count = (...keys: readonly string[]): number | null => {
    const value = keys.map((key) => config[key]).find((value) => value !== undefined && value !== null);
    return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : null;
  };
  const heads = count('num_attention_heads', 'n_head', 'n_heads');
  const hidden = count('hidden_size', 'n_embd', 'd_model');
  return {
    type: typeof config.model_type === 'string' ? config.model_type.toLowerCase() : '',
    heads,
    keyValueHeads: count('num_key_value_heads', 'num_kv_heads', 'n_head_kv') ?? heads,
    headSize: count('head_dim') ?? (heads !== null && hidden !== null && hidden % heads === 0 ? hidden / heads : null),
    hidden,
    flag: (key) => config[key] === true,
  };
}

type ShapeOf = (name: string) => readonly number[] | undefined;

function partsOf(tensor: StoredTensor, config: ModelConfig | null, shapeOf: ShapeOf): StoredTensor[] {
  const { name, shape, layout } = tensor;
  if (layout === null || shape.includes(0)) return [tensor];
  if (shape.length === 3 && EXPERTS.test(name)) {
    if (shape[0]! > MAX_EXPERTS) return [noted(tensor, `It holds more than the ${MAX_EXPERTS} experts that are told apart.`)];
    return expertsOf(tensor).flatMap((expert) => sliced(expert, GATE_UP.test(name) ? gateAndUpOfExpert(expert, config) : null));
  }
  return shape.length === 2 ? sliced(tensor, splitOf(tensor, config, shapeOf)) : [tensor];
}

function splitOf({ name, shape }: StoredTensor, config: ModelConfig | null, shapeOf: ShapeOf): Split {
  const [rows, columns] = shape as readonly [number, number];
  if (GATE_UP.test(name)) return rows % 2 === 0 ? inOrder(0, { gate: rows / 2, up: rows / 2 }) : null;
  if (IN_ORDER.test(name)) return queriesInOrder(rows, columns, config);
  if (CONV1D.test(name)) return conv1d(rows, columns, config);
  if (BY_HEADS.test(name)) return queriesByHead(rows, config);
  return RECURRENT.test(name) ? recurrent(name, rows, shapeOf) : null;
}

const HEADS_UNKNOWN =
  'Queries, keys and values are fused; how they lie is not clear from its name, its shape and config.json, so it is left whole.';

function queriesInOrder(rows: number, columns: number, config: ModelConfig | null): Split {
  // CodeGen shuffles them over the cores of a TPU.
  if (config?.type === 'codegen') return HEADS_UNKNOWN;
  const { heads = null, keyValueHeads = null, headSize = null } = config ?? {};
  if (heads !== null && keyValueHeads !== null && headSize !== null && config?.hidden === columns) {
    const [q, k] = [heads * headSize, keyValueHeads * headSize];
    if (rows === q + 2 * k) return inOrder(0, { q, k, v: k });
  }
  return rows === 3 * columns ? inOrder(0, { q: columns, k: columns, v: columns }) : HEADS_UNKNOWN;
}

/** GPT-2 stores inputs by outputs; GPT-BigCode and Qwen, with the same name, outputs by inputs. */
function conv1d(rows: number, columns: number, config: ModelConfig | null): Split {
  if (columns === 3 * rows) return inOrder(1, { q: rows, k: rows, v: rows });
  if (config?.type === 'qwen' && rows === 3 * columns) return inOrder(0, { q: columns, k: columns, v: columns });
  const k = config?.headSize ?? null;
  if (config?.type === 'gpt_bigcode' && config.flag('multi_query') && k !== null && rows === columns + 2 * k)
    return inOrder(0, { q: columns, k, v: k });
  return HEADS_UNKNOWN;
}

/** GPT-NeoX and BLOOM: q, k and v of each head; Falcon: the queries of each group of heads, then their k and v. */
function queriesByHead(rows: number, config: ModelConfig | null): Split {
  const { type = '', heads = null, keyValueHeads = null, headSize = null } = config ?? {};
  if (heads === null || headSize === null) return HEADS_UNKNOWN;
  const falcon = /^(?:falcon|refinedweb)/.test(type);
  if (!falcon && !/^(?:gpt_neox|bloom)$/.test(type)) return HEADS_UNKNOWN;
  const grouped = falcon && config!.flag('new_decoder_architecture');
  const groups = !falcon ? heads : grouped ? keyValueHeads : config!.flag('multi_query') ? 1 : heads;
  if (groups === null || heads % groups !== 0) return HEADS_UNKNOWN;
  const q = (heads / groups) * headSize;
  const period = q + 2 * headSize;
  if (rows !== groups * period) return HEADS_UNKNOWN;
  const each = (label: string, start: number, run: number): Slice => ({ label, axis: 0, selection: { start, run, period, runs: groups } });
  return [each('q', 0, q), each('k', q, headSize), each('v', q + headSize, headSize)];
}

/** LSTM: input, forget, cell and output gates; GRU: reset, update and new. How many units there are is told by the weights beside. */
function recurrent(name: string, rows: number, shapeOf: ShapeOf): Split {
  const beside = (kind: string) => shapeOf(name.replace(/weight_[ih]h/, `weight_${kind}`))?.[1];
  const units = beside('hr') ?? beside('hh');
  if (units === undefined) return null;
  if (rows === 4 * units) return inOrder(0, { i: units, f: units, g: units, o: units });
  return rows === 3 * units ? inOrder(0, { r: units, z: units, n: units }) : null;
}

/** gpt-oss interleaves the columns of gate and up; others put one after the other. Which axis they share is told by the width of the model. */
function gateAndUpOfExpert({ shape, name }: StoredTensor, config: ModelConfig | null): Split {
  const [rows, columns] = shape as readonly [number, number];
  const inputs = config?.hidden ?? null;
  const byRows = /linear\.weight/.test(name) || (inputs === columns && rows !== columns);
  const axis = byRows ? 0 : inputs === rows && rows !== columns ? 1 : null;
  const outputs = axis === 0 ? rows : columns;
  if (axis === null || outputs % 2 !== 0)
    return 'Gate and up projections are fused; config.json does not tell how they lie, so it is left whole.';
  const half = outputs / 2;
  if (config?.type !== 'gpt_oss') return inOrder(axis, { gate: half, up: half });
  const alternate = (label: string, start: number): Slice => ({ label, axis, selection: { start, run: 1, period: 2, runs: half } });
  return [alternate('gate', 0), alternate('up', 1)];
}

/** Parts that lie one after the other along an axis, by their sizes. */
function inOrder(axis: 0 | 1, sizes: Readonly<Record<string, number>>): Slice[] {
  let end = 0;
  return Object.entries(sizes).map(([label, run]) => {
    end += run;
    return { label, axis, selection: { start: end - run, run, period: run, runs: 1 } };
  });
}

function expertsOf(tensor: StoredTensor): StoredTensor[] {
  const { name, layout } = tensor;
  const [experts, rows, columns] = tensor.shape as readonly [number, number, number];
  return Array.from({ length: experts }, (_, k) => ({
    ...tensor,
    name: `${name}[${k}]`,
    shape: [rows, columns],
    bytes: tensor.bytes / experts,
    layout:
      typeof layout === 'function'
        ? rowsOf(layout, experts * rows, columns, { start: k * rows, run: rows, period: rows, runs: 1 })
        : { ...moved(layout!, 0, k), strides: layout!.strides.slice(1) },
    note: withNote(tensor.note, `Expert ${k} of the ${experts} that lie stacked in "${name}".`),
  }));
}

function sliced(tensor: StoredTensor, split: Split): StoredTensor[] {
  if (split === null) return [tensor];
  if (typeof split === 'string') return [noted(tensor, split)];
  const parts = split.map((slice) => sliceOf(tensor, slice));
  return parts.includes(null)
    ? [noted(tensor, `It holds ${split.map(({ label }) => label).join(', ')}, which cannot be told apart in this format.`)]
    : (parts as StoredTensor[]);
}

/** Null where columns are asked of numbers that are computed row by row. */
function sliceOf(tensor: StoredTensor, { label, axis, selection }: Slice): StoredTensor | null {
  const { name, shape, bytes } = tensor;
  const { run, runs } = selection;
  const layout = sliceLayout(tensor, axis, selection);
  if (layout === null) return null;
  return {
    ...tensor,
    name: `${name}[${label}]`,
    shape: shape.with(axis, run * runs),
    bytes: (bytes * run * runs) / shape[axis]!,
    layout,
    note: withNote(tensor.note, `The part ${label} of the fused "${name}".`),
  };
}

function sliceLayout({ layout, shape }: StoredTensor, axis: 0 | 1, selection: Selection): StoredTensor['layout'] {
  const { start, run, period, runs } = selection;
  const [rows, columns] = shape as readonly [number, number];
  if (typeof layout === 'function') return axis === 0 ? rowsOf(layout, rows, columns, selection) : null;
  const first = moved(layout!, axis, start);
  if (runs === 1) return first;
  if (run === 1) return { ...first, strides: first.strides.with(axis, period * first.strides[axis]!) };
  if (axis === 1) return null;
  const { source, offset, type, order, strides } = layout!;
  const whole = { offset, type, order, rows, columns, rowStride: strides[0]!, columnStride: strides[1]! };
  return () => selectedRows(stridedMatrix(source, whole), selection);
}

function moved(layout: StoredLayout, axis: number, index: number): StoredLayout {
  return { ...layout, offset: layout.offset + index * layout.strides[axis]! * BYTES_PER_ELEMENT[layout.type] };
}

function rowsOf(open: OpenMatrix, rows: number, columns: number, selection: Selection): OpenMatrix {
  return () => selectedRows(open(rows, columns), selection);
}

function noted(tensor: StoredTensor, note: string): StoredTensor {
  return { ...tensor, note: withNote(tensor.note, note) };
}

function withNote(before: string | null, note: string): string {
  return before === null ? note : `${before} ${note}`;
}
