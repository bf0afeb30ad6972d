import { decoder } from '../matrices/elements';

/** Mean distance of log2 |x| from its median: about 1 in embeddings, and more than 20 where bytes are anything else. */
const MOST_SPREAD = 8;

/**
 * What blobs of one length hold if they are vectors, float32 or float64: the type under which magnitudes differ least. Null where they
 * differ under both as those of keys, images and compressed bytes do.
 */
export function vectorTypeOf(blobs: readonly Uint8Array[]): 'float32' | 'float64' | null {
  const [{ length }] = blobs as [Uint8Array];
  if (length < 8 || length % 4 !== 0) return null;
  const float32 = valuesOf(blobs, 'float32', length / 4);
  const narrow = spreadOf(float32);
  if (length % 8 === 0 && length >= 16) {
    const wide = spreadOf(valuesOf(blobs, 'float64', length / 8));
    // The lower halves of whole numbers in float64 are zeros, and the upper halves look like float32.
    const halves = float32.every((value, i) => i % 2 === 1 || value === 0);
    if (wide <= MOST_SPREAD && (wide < narrow || halves)) return 'float64';
  }
  return narrow <= MOST_SPREAD ? 'float32' : null;
}

function valuesOf(blobs: readonly Uint8Array[], type: 'float32' | 'float64', perBlob: number): Float64Array {
  const values = new Float64Array(blobs.length * perBlob);
  const decode = decoder(type, 'little');
  for (const [i, blob] of blobs.entries()) decode(blob, 0, 1, values, i * perBlob, 1, perBlob);
  return values;
}

/** Of values that are finite and not 0; infinite where there are none, or fewer than half of all are finite. */
function spreadOf(values: Float64Array): number {
  const finite = values.filter(Number.isFinite);
  const magnitudes = finite.filter((value) => value !== 0).map((value) => Math.log2(Math.abs(value)));
  if (magnitudes.length === 0 || 2 * finite.length < values.length) return Number.POSITIVE_INFINITY;
  const median = magnitudes.toSorted()[magnitudes.length >> 1]!;
  return magnitudes.reduce((sum, magnitude) => sum + Math.abs(magnitude - median), 0) / magnitudes.length;
}
