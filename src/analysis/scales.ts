/** alpha / d of the curve alpha -> (f_alpha, d_eff). */
export const SCALES = [0.1, 1, 10, 100];

/** Of S', relative to its mean eigenvalue: `shape` is logdet of S' / (tr S' / d). */
export const SHAPE_RIDGE = 1e-6;
