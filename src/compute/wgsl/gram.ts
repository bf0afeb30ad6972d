/** How the Gram kernel divides its work. */
export interface GramTiling {
  /** Columns of a tile, 16 times `perThread`; a workgroup of 16 x 16 threads computes one tile x tile piece of Y^T Y. */
  readonly tile: number;
  /** A thread computes perThread x perThread entries: 4 or 8. */
  readonly perThread: number;
}

/** Rows that are in shared memory at a time. */
export const STEP = 16;
/** Rows of a float32 partial sum: with more its rounding grows, with fewer the sums of sums take over. */
const PARTIAL = 64;
/** Rows of one dispatch at most, and what it adds to the fixed-point sums: with entries of magnitude 1 at most, less than 2^8. */
export const DISPATCH_ROWS = 256;
/** Fixed-point sums are multiples of 2^-46. */
export const FRACTION_BITS = 46;
/** Rows with entries of magnitude 1 at most whose sums stay within 64 bits, whatever their signs. */
export const MOST_ROWS = 2 ** (62 - FRACTION_BITS);

/** Bytes of workgroup memory that a tiling takes. */
export const sharedBytes = ({ tile }: GramTiling): number => 2 * STEP * tile * Float32Array.BYTES_PER_ELEMENT;

/**
 * Adds Y^T Y of one chunk of rows to a band of the upper triangle: symmetric rank-k update, tiles below the diagonal left out.
 *
 * - Bindings: 0 uniform {rows, a multiple of 16; width / 4; first row of tiles; row stride of `sums`}; 1 Y, rows x width float32, width a
 *   multiple of the tile; 2 sums, band rows x stride entries of two words, the band's columns beginning with its first row.
 * - Dispatch: tiles of columns from the band's first, tiles of rows of the band.
 * - Arithmetic: float32 products in partial sums of 64 rows, these in float32 over the dispatch's 256 rows, and from there on in 64-bit
 *   fixed point, where nothing is lost but what is below 2^-46. Integers, as compilers of shaders may re-associate floats (fast math), which
 *   takes compensated summation apart. Entries of Y must not exceed 1 in magnitude, and the sums not 2^16.
 *
 * A 16-row step of two tiles of columns is staged in workgroup memory; each thread holds a square of entries in registers, as outer
 * products of vec4s, in groups of four adjacent columns 64 apart so that neighbouring threads read neighbouring words.
 */
export function gramShader({ tile, perThread }: GramTiling): string {
  const groups = perThread / 4;
  const vectors = tile / 4;
  const each = (count: number, line: (k: number) => string): string => Array.from({ length: count }, (_, k) => line(k)).join('\n');
  const accumulators = perThread * groups;
  return /* wgsl */ `
struct Shape { rows: u32, width4: u32, firstTile: u32, stride: u32 }
@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> y: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> sums: array<vec2u>;

var<workgroup> left: array<vec4f, ${STEP * vectors}>;
var<workgroup> right: array<vec4f, ${STEP * vectors}>;

/** Adds a float32 of magnitude below 2^15 to a fixed-point sum (low word, high word). */
fn add(at: u32, value: f32) {
  let scaled = value * ${2 ** (FRACTION_BITS - 32)}.0;
  let whole = floor(scaled);
  // A tiny negative value is -1 + 1 once rounded: what remains below 1 is the last float32 there.
  let low = u32(min((scaled - whole) * 4294967296.0, 4294967040.0));
  let old = sums[at];
  let sum = old.x + low;
  sums[at] = vec2u(sum, old.y + bitcast<u32>(i32(whole)) + select(0u, 1u, sum < low));
}

@compute @workgroup_size(16, 16)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) thread: vec3u, @builtin(local_invocation_index) index: u32) {
  if (group.x < group.y) { return; }
  let rowTile = (shape.firstTile + group.y) * ${vectors}u;
  let columnTile = (shape.firstTile + group.x) * ${vectors}u;
${each(accumulators, (k) => `  var sum${k} = vec4f();`)}
  for (var block = 0u; block < shape.rows; block += ${PARTIAL}u) {
${each(accumulators, (k) => `    var part${k} = vec4f();`)}
    let end = min(block + ${PARTIAL}u, shape.rows);
    for (var first = block; first < end; first += ${STEP}u) {
      for (var k = index; k < ${STEP * vectors}u; k += 256u) {
        let row = (first + k / ${vectors}u) * shape.width4 + k % ${vectors}u;
        left[k] = y[row + rowTile];
        right[k] = y[row + columnTile];
      }
      workgroupBarrier();
      for (var k = 0u; k < ${STEP}u; k++) {
${each(groups, (g) => `        let a${g} = left[k * ${vectors}u + thread.y + ${16 * g}u];\n        let b${g} = right[k * ${vectors}u + thread.x + ${16 * g}u];`)}
${each(accumulators, (k) => `        part${k} += a${Math.floor(k / groups / 4)}[${Math.floor(k / groups) % 4}] * b${k % groups};`)}
      }
      workgroupBarrier();
    }
${each(accumulators, (k) => `    sum${k} += part${k};`)}
  }
${each(
  accumulators,
  (k) => `  {
    let row = group.y * ${tile}u + (thread.y + ${16 * Math.floor(k / groups / 4)}u) * 4u + ${Math.floor(k / groups) % 4}u;
    let at = row * shape.stride + group.x * ${tile}u + (thread.x + ${16 * (k % groups)}u) * 4u;
    for (var q = 0u; q < 4u; q++) { add(at + q, sum${k}[q]); }
  }`,
)}
}`;
}
