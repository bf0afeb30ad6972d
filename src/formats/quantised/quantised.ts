import { bitsAndBytes } from './bitsandbytes';
import { packedIntegers } from './packed-integers';
import type { QuantisationConfig } from './quantisation-config';
import type { Quantised, Scheme, Stored } from './quantised-tensor';
import { scaledFloats } from './scaled-floats';

const SCHEMES: readonly Scheme[] = [packedIntegers, bitsAndBytes, scaledFloats];

/** Types that hold codes rather than numbers where a scale lies beside them. */
const CODES = /^(u?int(8|16|32|64)|float8_\w+|float4\w*|float6\w*)$/;
/** Codes by their names alone, and by their types: of a model in several files their scale may lie in another. */
const PACKED = /(?:^|\.)(?:qweight|qzeros|weight_packed)$/;
const WORDS = /^(?:uint8|u?int32)$/;
const PACKED_BYTES = /(?:^|\.)weight$|_blocks$/;

/**
 * Whether a tensor holds codes, or scales as codes, recognised by the tensors beside it: the name of the one that holds its scale, or
 * null where it has none. Covers GPTQ and AWQ (`qweight`, `qzeros`, `scales`), bitsandbytes (`absmax`, `SCB`), compressed-tensors
 * (`weight_packed`, `weight_scale`), ModelOpt and block-wise FP8 (`weight_scale`, `weight_scale_inv`), MXFP4 (`_blocks`, `_scales`)
 * and MLX (`scales`).
 *
 * @param has whether the file has a tensor of that name
 */
export function scaleOf(name: string, dtype: string, has: (name: string) => boolean): string | null {
  if (!CODES.test(dtype)) return null;
  const parent = name.slice(0, name.lastIndexOf('.') + 1);
  const beside = ['scales', 'SCB', 'weight_scale'].map((suffix) => parent + suffix);
  const after = ['.absmax', '_scale', '_scale_inv', '_scales'].map((suffix) => name + suffix);
  const instead = [name.replace(/_blocks$/, '_scales'), name.replace(/_packed$/, '_scale'), name.replace(/_scales$/, '_blocks')];
  return [...after, ...instead, ...beside].find((other) => other !== name && has(other)) ?? null;
}

/**
 * Why a tensor of codes has no spectrum, as a sentence; null where it holds numbers.
 * @param has whether the file has a tensor of that name
 */
export function quantisedNote(name: string, dtype: string, has: (name: string) => boolean): string | null {
  const scale = scaleOf(name, dtype, has);
  if (scale !== null) return `Quantised: its codes are numbers only together with "${scale}"; save a dequantised copy of it.`;
  const packed = (CODES.test(dtype) && PACKED.test(name)) || (WORDS.test(dtype) && PACKED_BYTES.test(name));
  if (packed) return 'Quantised: its codes are numbers only together with their scale, which is not in this file.';
  return null;
}

/** What became of a tensor of a file whose weights are quantised. */
export type Outcome =
  | { readonly kind: 'numbers'; readonly tensor: Quantised }
  /** `note` says why it has no spectrum. */
  | { readonly kind: 'codes'; readonly note: string };

/**
 * The tensors that are quantised or belong to those, by name. The others hold numbers as they are.
 * @throws FormatError when a small tensor that describes a scheme is damaged
 */
export async function dequantised(
  tensors: readonly Stored[],
  readConfig: () => Promise<QuantisationConfig>,
): Promise<{ readonly outcomes: ReadonlyMap<string, Outcome>; readonly fingerprint: string }> {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const has = (name: string) => byName.has(name);
  const coded = tensors.flatMap((tensor) => {
    const note = quantisedNote(tensor.name, tensor.dtype, has);
    return note === null ? [] : [{ tensor, note }];
  });
  const outcomes = new Map<string, Outcome>();
  if (coded.length === 0) return { outcomes, fingerprint: '' };
  const config = await readConfig();
  const belonging = new Map<string, string>();
  const given = new Set<string>();
  for (const { tensor, note } of coded) {
    const found = await firstOf(tensor, (name) => byName.get(name), config);
    if (found === null || typeof found === 'string') outcomes.set(tensor.name, { kind: 'codes', note: found ?? note });
    else if (given.has(found.name) || (found.name !== tensor.name && has(found.name))) outcomes.set(tensor.name, { kind: 'codes', note });
    else {
      given.add(found.name);
      outcomes.set(tensor.name, { kind: 'numbers', tensor: found });
      for (const name of found.others) belonging.set(name, found.name);
    }
  }
  for (const [name, owner] of belonging) outcomes.set(name, { kind: 'codes', note: `It belongs to the quantised tensor "${owner}".` });
  return { outcomes, fingerprint: config.fingerprint };
}

async function firstOf(
  codes: Stored,
  beside: (name: string) => Stored | undefined,
  config: QuantisationConfig,
): Promise<Quantised | string | null> {
  for (const scheme of SCHEMES) {
    const found = await scheme(codes, beside, config);
    if (found !== null) return found;
  }
  return null;
}
