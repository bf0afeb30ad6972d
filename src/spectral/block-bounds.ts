/**
 * logdet(I + c G) of G = sum_b G_b from the Gram matrices of B disjoint blocks of rows, of any sizes:
 *   max( mean_b logdet(I + c B G_b), max_b logdet(I + c G_b) ) <= logdet(I + c G) <= sum_b logdet(I + c G_b),
 * by concavity of logdet, its monotony, and det(I + M + N) <= det(I + M) det(I + N) for semidefinite M and N.
 *
 * Slack: 1e-12 + B eps times the sum of the values, which are taken as right to 1e-12, relative.
 *
 * @param inflated logdet(I + c B G_b), one per block
 * @param plain logdet(I + c G_b), in the same order
 * @throws RangeError when there is no block, or the lengths differ
 */
export function blockLogDetBounds(inflated: Float64Array, plain: Float64Array): { lower: number; upper: number } {
  const blocks = plain.length;
  if (blocks === 0 || inflated.length !== blocks) throw new RangeError('There is one value of each kind per block.');
  const error = 1e-12 + blocks * Number.EPSILON;
  let mean = 0;
  let largest = 0;
  let sum = 0;
  for (let b = 0; b < blocks; b++) {
    mean += inflated[b] / blocks;
    largest = Math.max(largest, plain[b]);
    sum += plain[b];
  }
  return { lower: Math.max(mean, largest) * (1 - 2 * error), upper: sum * (1 + 2 * error) };
}

/**
 * Von Neumann entropy in nats of C = sum_b w_b C_b, all of trace 1, from the entropies of the blocks:
 * sum w_b H_b <= H <= sum w_b H_b + H(w), by concavity and the mixing bound (Nielsen and Chuang, Theorem 11.10).
 * For blocks of equal trace H(w) = log B.
 *
 * Slack: (1e-12 + 16 B eps) (1 + sum w_b H_b + H(w)), for entropies right to 1e-12 (1 + H_b).
 *
 * @param entropies H_b, in nats
 * @param traces tr G_b >= 0, in the same order, proportional to w_b; for unit rows, their number
 * @throws RangeError when the lengths differ, or no trace is positive
 */
export function blockEntropyBounds(entropies: Float64Array, traces: Float64Array): { lower: number; upper: number } {
  const blocks = traces.length;
  let total = 0;
  for (const x of traces) total += x;
  if (entropies.length !== blocks || !(total > 0)) throw new RangeError('There is an entropy and a trace per block, not all zero.');
  let mean = 0;
  let mixing = 0;
  for (let b = 0; b < blocks; b++) {
    const weight = traces[b] / total;
    if (weight === 0) continue;
    mean += weight * entropies[b];
    mixing -= weight * Math.log(weight);
  }
  const slack = (1e-12 + 16 * blocks * Number.EPSILON) * (1 + mean + mixing);
  return { lower: Math.max(0, mean - slack), upper: mean + mixing + slack };
}
