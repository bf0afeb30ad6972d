/**
 * Which of many points to draw: all while they fit, otherwise the lowest and the highest of each stretch, with the first and the last,
 * so that no extreme is lost. Indices, ascending, `limit` of them at most.
 */
export function pickExtremes(values: readonly number[], limit: number): number[] {
  const count = values.length;
  if (count <= limit) return [...values.keys()];
  const picked = new Set([0, count - 1]);
  for (const [from, to] of stretches(count, Math.floor(limit / 2) - 1)) {
    let [low, high] = [from, from];
    for (let index = from; index < to; index++) {
      if (values[index]! < values[low]!) low = index;
      if (values[index]! > values[high]!) high = index;
    }
    picked.add(low).add(high);
  }
  return [...picked].sort((a, b) => a - b);
}

/** Half-open ranges of as many places each as can be, `parts` of them at most, that make up 0 to `count`. */
export function stretches(count: number, parts: number): [number, number][] {
  const length = Math.max(1, Math.ceil(count / parts));
  return Array.from({ length: Math.ceil(count / length) }, (_, part) => [part * length, Math.min(count, (part + 1) * length)]);
}
