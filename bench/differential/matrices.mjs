/** Random matrices of every kind that an analysis meets, each from its seed alone, as the bytes of an NPY file. */

/** Uniform on [0, 1): mulberry32. */
function uniform(seed) {
  let state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** @returns normal deviates by Box and Muller */
const normals = (random) => () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** Entry (i, j) of a matrix, by its kind. Each is given what it may need and returns a function of row and column. */
const KINDS = {
  gaussian: ({ normal }) => normal,
  'graded columns': ({ normal, random, d }) => {
    const decades = 1 + 14 * random();
    return (_, j) => normal() * 10 ** ((-decades * j) / d);
  },
  'power law': ({ normal, random }) => {
    const decay = 0.2 + 2 * random();
    return (_, j) => normal() * (j + 1) ** -decay;
  },
  'low rank': ({ normal, random, n, d }) => product(normal, n, d, 1 + Math.floor(random() * Math.min(n, d)), 0),
  'low rank and noise': ({ normal, random, n, d }) =>
    product(normal, n, d, 1 + Math.floor(random() * Math.min(8, d)), 10 ** (-12 * random())),
  'large mean': ({ normal, random, d }) => {
    const mean = Array.from({ length: d }, () => normal() * 10 ** (6 * random()));
    return (_, j) => mean[j] + normal();
  },
  'one row repeated': ({ normal, d }) => {
    const row = Array.from({ length: d }, normal);
    return (_, j) => row[j];
  },
  'one row but one': ({ normal, d, n }) => {
    const row = Array.from({ length: d }, normal);
    return (i, j) => (i === n - 1 ? normal() : row[j]);
  },
  'few different rows': ({ normal, random, d }) => {
    const rows = Array.from({ length: 1 + Math.floor(random() * 5) }, () => Array.from({ length: d }, normal));
    const chosen = new Map();
    return (i, j) => {
      if (!chosen.has(i)) chosen.set(i, Math.floor(random() * rows.length));
      return rows[chosen.get(i)][j];
    };
  },
  'zero rows': ({ normal, random }) => {
    const share = random();
    const zero = new Map();
    return (i) => {
      if (!zero.has(i)) zero.set(i, random() < share);
      return zero.get(i) ? 0 : normal();
    };
  },
  'one-hot': ({ random, d }) => {
    const hot = new Map();
    return (i, j) => {
      if (!hot.has(i)) hot.set(i, Math.floor(random() ** 2 * d));
      return hot.get(i) === j ? 1 : 0;
    };
  },
  cauchy:
    ({ random }) =>
    () =>
      Math.tan(Math.PI * (random() - 0.5)),
  lognormal: ({ normal, random }) => {
    const sd = 0.5 + 4 * random();
    return () => Math.exp(sd * normal());
  },
  'rows of any length': ({ normal, random }) => {
    const lengths = new Map();
    return (i) => {
      if (!lengths.has(i)) lengths.set(i, 10 ** (60 * random() - 30));
      return normal() * lengths.get(i);
    };
  },
  'constant columns': ({ normal, random, d }) => {
    const constant = Array.from({ length: d }, () => (random() < 0.5 ? normal() : null));
    return (_, j) => constant[j] ?? normal();
  },
  'NaN and infinities': ({ normal, random }) => {
    const bad = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    const rate = 10 ** (-3 * random());
    return () => (random() < rate ? bad[Math.floor(random() * 3)] : normal());
  },
  'signed zeros':
    ({ random }) =>
    () =>
      [0, -0, 1, -1][Math.floor(random() * 4)],
  integers:
    ({ random }) =>
    () =>
      Math.floor(256 * random()) - 100,
  clusters: ({ normal, random, d }) => {
    const centres = Array.from({ length: 3 }, () => Array.from({ length: d }, () => 5 * normal()));
    return (i, j) => centres[i % 3][j] + 0.1 * random() * normal();
  },
  'lengths beyond squares': ({ normal, random }) => {
    const lengths = new Map();
    return (i) => {
      if (!lengths.has(i)) lengths.set(i, 10 ** (500 * random() - 250));
      return normal() * lengths.get(i);
    };
  },
};

function product(normal, n, d, rank, noise) {
  const [left, right] = [n, d].map((side) => Array.from({ length: side * rank }, normal));
  return (i, j) => {
    let sum = noise * normal();
    for (let k = 0; k < rank; k++) sum += left[i * rank + k] * right[j * rank + k];
    return sum;
  };
}

const view = (type, bytes, write) => ({ type, bytes, write });
const integer = (type, bytes, least, most, write) =>
  view(type, bytes, (data, at, x) => write(data, at, Math.min(most, Math.max(least, Math.round(Number.isFinite(x) ? x : 0)))));
/** What elements are written as, by NumPy's names of types. */
const TYPES = [
  view('<f8', 8, (data, at, x) => data.setFloat64(at, x, true)),
  view('<f4', 4, (data, at, x) => data.setFloat32(at, x, true)),
  view('>f8', 8, (data, at, x) => data.setFloat64(at, x, false)),
  view('>f4', 4, (data, at, x) => data.setFloat32(at, x, false)),
  view('<f2', 2, (data, at, x) => data.setUint16(at, halfOf(x), true)),
  // As NumPy writes bfloat16.
  view('|V2', 2, (data, at, x) => data.setUint16(at, bitsOf(x) >>> 16, true)),
  integer('|i1', 1, -128, 127, (data, at, x) => data.setInt8(at, x)),
  integer('|u1', 1, 0, 255, (data, at, x) => data.setUint8(at, x)),
  integer('<i2', 2, -32768, 32767, (data, at, x) => data.setInt16(at, x, true)),
  integer('>u2', 2, 0, 65535, (data, at, x) => data.setUint16(at, x, false)),
  integer('<i4', 4, -(2 ** 31), 2 ** 31 - 1, (data, at, x) => data.setInt32(at, x, true)),
  integer('<u4', 4, 0, 2 ** 32 - 1, (data, at, x) => data.setUint32(at, x, true)),
  integer('<i8', 8, -(2 ** 53), 2 ** 53, (data, at, x) => data.setBigInt64(at, BigInt(x), true)),
  integer('<u8', 8, 0, 2 ** 53, (data, at, x) => data.setBigUint64(at, BigInt(x), true)),
  integer('|b1', 1, 0, 1, (data, at, x) => data.setUint8(at, x)),
];

const scratch = new DataView(new ArrayBuffer(4));
function bitsOf(x) {
  scratch.setFloat32(0, x);
  return scratch.getUint32(0);
}

/** Of float16, towards zero; what is too small becomes zero, and what is too large infinite. */
function halfOf(x) {
  const bits = bitsOf(x);
  const sign = (bits >>> 16) & 0x8000;
  if (Number.isNaN(x)) return 0x7e00;
  const exponent = ((bits >>> 23) & 0xff) - 112;
  if (exponent <= 0) return sign;
  return exponent >= 31 ? sign | 0x7c00 : sign | (exponent << 10) | ((bits >>> 13) & 0x3ff);
}

/**
 * @returns kind: of the matrix; weight: whether it is named as a weight of a model; normalize: as in the options; ridge; rows: to be
 * sampled, null for all; npy: the bytes of the file
 */
export function matrixOf(seed) {
  const random = uniform(seed);
  const normal = normals(random);
  const side = (most) => (random() < 0.1 ? 1 + Math.floor(3 * random()) : Math.max(1, Math.round(most ** random())));
  const [n, d] = [side(400), side(200)];
  const kinds = Object.keys(KINDS);
  const kind = kinds[Math.floor(random() * kinds.length)];
  const extreme = kind === 'lengths beyond squares';
  // Scales that are not those of unit rows are rarer, as fewer things are true of them.
  const scale = extreme || random() < 0.6 ? 1 : 10 ** (60 * random() - 30);
  const type = extreme || random() < 0.4 ? TYPES[0] : TYPES[Math.floor(random() * TYPES.length)];
  const weight = !extreme && random() < 0.3;
  const normalize = extreme ? true : [null, true, false][Math.floor(3 * random())];
  const ridge = random() < 0.7 ? 1e-3 : 10 ** (-6 * random());
  const fortran = random() < 0.2;
  // Reports of some of the rows have bounds that are called certain.
  const rows = !weight && n >= 8 && random() < 0.2 ? Math.ceil(n * (0.2 + 0.79 * random())) : null;
  const entry = KINDS[kind]({ normal, random, n, d });
  const data = new DataView(new ArrayBuffer(n * d * type.bytes));
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < d; j++) type.write(data, (fortran ? j * n + i : i * d + j) * type.bytes, scale * entry(i, j));
  }
  const header = `{'descr': '${type.type}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': (${n}, ${d}), }`;
  const padded = `${header.padEnd(Math.ceil((header.length + 11) / 64) * 64 - 11)}\n`;
  const prefix = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, padded.length & 0xff, padded.length >>> 8]);
  return {
    kind,
    n,
    d,
    type: type.type,
    weight,
    normalize,
    ridge,
    rows,
    npy: Buffer.concat([prefix, Buffer.from(padded), Buffer.from(data.buffer)]),
  };
}
