import type { Tridiagonal } from './tridiagonal';

/** A symmetric linear map, applied to `count` vectors at once: count x d, row-major, one vector a row. It resolves to a new array of that shape. */
export type Operator = (x: Float64Array, count: number) => Promise<Float64Array>;

/** The m x m Jacobi matrix of a Lanczos process: A V = V T + coupling v_{m+1} e_m^T, V^T V = I, V e_1 = start / startNorm. */
export interface LanczosTridiagonal extends Tridiagonal {
  readonly startNorm: number;
  /** Off-diagonal entry to the step that was not taken; 0 when `exact`. */
  readonly coupling: number;
  /** True when the Krylov space is invariant: Gauss quadrature with T is then exact, whatever the function. */
  readonly exact: boolean;
}

/** x minus its projection on the first `count` rows of an orthonormal `basis`, in place, by two passes of Gram-Schmidt. @returns |x| after */
export function orthogonalize(x: Float64Array, basis: Float64Array, count: number): number {
  const d = x.length;
  for (let pass = 0; pass < 2; pass++) {
    for (let k = 0; k < count; k++) {
      const row = k * d;
      let dot = 0;
      for (let j = 0; j < d; j++) dot += basis[row + j] * x[j];
      if (dot !== 0) for (let j = 0; j < d; j++) x[j] -= dot * basis[row + j];
    }
  }
  return norm(x);
}

export function norm(x: Float64Array): number {
  let scale = 0;
  for (const value of x) scale = Math.max(scale, Math.abs(value));
  if (scale === 0) return 0;
  let sum = 0;
  for (const value of x) sum += (value / scale) ** 2;
  return scale * Math.sqrt(sum);
}

/**
 * Lanczos processes with full reorthogonalisation from several starts at once, so that each step is one application of the operator.
 * A process ends early, and is exact, when its coupling falls below 4 eps times the largest row sum of T, or after d steps.
 * (Lanczos 1950; Golub and Van Loan, Matrix Computations; Parlett, The Symmetric Eigenvalue Problem: twice is enough.)
 *
 * Memory: one basis of d x steps a start.
 *
 * @param starts count x d, row-major; a zero start gives an empty, exact T
 * @param steps at least 1
 * @param poll called once per step and start
 * @param enough asked after each step, with the processes so far; true ends them
 * @throws Error when the operator returns a number that is not finite
 */
export async function lanczos(
  operator: Operator,
  d: number,
  starts: Float64Array,
  steps: number,
  poll: () => void = () => {},
  enough: (processes: readonly LanczosTridiagonal[]) => boolean = () => false,
): Promise<LanczosTridiagonal[]> {
  const limit = Math.min(steps, d);
  const processes = Array.from({ length: starts.length / d }, (_, i) => {
    const start = starts.subarray(i * d, (i + 1) * d);
    const startNorm = norm(start);
    const basis = new Float64Array(startNorm > 0 ? limit * d : 0);
    if (startNorm > 0) for (let j = 0; j < d; j++) basis[j] = start[j] / startNorm;
    return { startNorm, basis, diagonal: [] as number[], couplings: [] as number[], scale: 0, exact: startNorm === 0 };
  });
  for (let k = 0; k < limit; k++) {
    const active = processes.filter((process) => !process.exact);
    if (active.length === 0 || (k > 0 && enough(tridiagonals()))) break;
    const block = new Float64Array(active.length * d);
    for (const [i, { basis }] of active.entries()) block.set(basis.subarray(k * d, (k + 1) * d), i * d);
    const images = await operator(block, active.length);
    for (const [i, process] of active.entries()) {
      poll();
      const { basis, couplings } = process;
      const w = images.subarray(i * d, (i + 1) * d);
      let alpha = 0;
      for (let j = 0; j < d; j++) alpha += basis[k * d + j] * w[j];
      const beta = orthogonalize(w, basis, k + 1);
      if (!Number.isFinite(alpha + beta)) throw new Error('The operator returned numbers that are not finite.');
      process.diagonal.push(alpha);
      process.scale = Math.max(process.scale, Math.abs(alpha) + beta + (k === 0 ? 0 : couplings[k - 1]));
      process.exact = beta <= 4 * Number.EPSILON * process.scale || k + 1 === d;
      couplings.push(process.exact ? 0 : beta);
      if (process.exact || k + 1 === limit) continue;
      const next = basis.subarray((k + 1) * d, (k + 2) * d);
      for (let j = 0; j < d; j++) next[j] = w[j] / beta;
    }
  }
  return tridiagonals();

  function tridiagonals(): LanczosTridiagonal[] {
    return processes.map(({ startNorm, diagonal, couplings, exact }) => ({
      diagonal: Float64Array.from(diagonal),
      offDiagonal: Float64Array.from(couplings.slice(0, -1)),
      coupling: couplings.at(-1) ?? 0,
      startNorm,
      exact,
    }));
  }
}
