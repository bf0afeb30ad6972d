/** Types that hold codes rather than numbers where a scale lies beside them. */
const CODES = /^(u?int(8|16|32|64)|float8_\w+|float4\w*|float6\w*)$/;

/**
 * The tensor that holds the scale of a quantised tensor, recognised by its name, or null where there is none.
 * Covers GPTQ and AWQ (`qweight`, `qzeros`, `scales`), bitsandbytes (`absmax`, `SCB`), compressed-tensors (`weight_packed`,
 * `weight_scale`), ModelOpt and block-wise FP8 (`weight_scale`, `weight_scale_inv`), MXFP4 (`_blocks`, `_scales`) and MLX (`scales`).
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

/** Why a quantised tensor has no spectrum. */
export function quantisedNote(scale: string): string {
  return `Quantised: its codes are numbers only together with "${scale}"; save a dequantised copy of it.`;
}
