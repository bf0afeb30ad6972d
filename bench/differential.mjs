/**
 * Every quantity of a report beside NumPy and SciPy, on random matrices: each is written as an NPY file in memory, read and analysed as the
 * product does, and computed again from its definition by differential/reference.py, which says how far the stated errors of the arithmetic
 * let the two be apart.
 *
 *   npm run bench:differential [-- --count N] [--seed N] [--only SEED]       needs python3 with NumPy and SciPy; PYTHON names another
 *
 * Writes docs/numbers.md, unless one seed was asked for. Ends with 1 where anything differs.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { matrixOf } from './differential/matrices.mjs';

const { values: flags } = parseArgs({
  options: { count: { type: 'string', default: '10000' }, seed: { type: 'string', default: '1' }, only: { type: 'string' } },
});
const first = Number(flags.only ?? flags.seed);
const count = flags.only === undefined ? Number(flags.count) : 1;
/** Disagreements that are printed in full. */
const MOST_PRINTED = 40;
const root = join(import.meta.dirname, '..');
const nothing = () => {};

async function product(folder) {
  const outfile = join(folder, 'product.cjs');
  const parts = ['analysis/analyze', 'analysis/report', 'analysis/report-json', 'compute/select', 'formats/numpy/npy'];
  await build({
    stdin: { contents: parts.map((part) => `export * from './src/${part}';`).join('\n'), resolveDir: root },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['gl', 'webgpu', 'gpu.js', 'h5wasm'],
    define: { __dirname: JSON.stringify(join(root, 'dist')) },
    outfile,
    logLevel: 'error',
  });
  return (await import(pathToFileURL(outfile).href)).default;
}

function reference() {
  const process_ = spawn(process.env.PYTHON ?? '/usr/bin/python3', [join(import.meta.dirname, 'differential', 'reference.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1' },
  });
  const answers = createInterface({ input: process_.stdout })[Symbol.asyncIterator]();
  return {
    send(report, npy) {
      const json = Buffer.from(JSON.stringify(report));
      const head = Buffer.alloc(8);
      head.writeUInt32LE(json.length);
      head.writeUInt32LE(npy.length, 4);
      process_.stdin.write(Buffer.concat([head, json, npy]));
    },
    async answer() {
      const { value, done } = await answers.next();
      if (done) throw new Error('The reference has ended.');
      return JSON.parse(value);
    },
    end: () => process_.stdin.end(),
  };
}

/** A file in memory, opened by the product's reader. */
async function opened(ours, { npy, weight }) {
  const bytes = {
    path: '/matrix.npy',
    size: npy.length,
    fingerprint: '',
    readSync: (offset, target) => void target.set(npy.subarray(offset, offset + target.length)),
    read: async (offset, target) => void target.set(npy.subarray(offset, offset + target.length)),
    close: async () => {},
  };
  const file = await ours.npy.open(
    bytes.path,
    async () => bytes,
    async () => null,
  );
  if (!weight) return { file, tensor: file.tensors[0].name };
  const [info] = file.tensors;
  const named = { ...info, name: 'layer.weight' };
  return {
    file: { path: file.path, format: 'npz', tensors: [named], matrix: () => file.matrix(info.name) },
    tensor: named.name,
  };
}

const folder = mkdtempSync(join(tmpdir(), 'sigma-differential-'));
const began = performance.now();
const table = new Map();
const kinds = new Map();
let differing = 0;
let printed = 0;
try {
  const ours = await product(folder);
  const backend = await ours.selectBackend('cpu');
  const python = reference();
  const waiting = [];
  const settle = async () => {
    const { seed, matrix } = waiting.shift();
    const { checks, failure } = await python.answer();
    const what = `seed ${seed}: ${matrix.kind}, ${matrix.n} x ${matrix.d} ${matrix.type}`;
    if (failure !== undefined) throw new Error(`${what}: ${failure}`);
    kinds.set(matrix.kind, (kinds.get(matrix.kind) ?? 0) + 1);
    let differs = false;
    for (const [name, status, error, our, expected, tolerance] of checks) {
      const row = table.get(name) ?? { agrees: 0, open: 0, differs: 0, worst: 0 };
      table.set(name, row);
      row[status]++;
      if (status === 'agrees') row.worst = Math.max(row.worst, error);
      if (flags.only !== undefined) console.log(name, status, error, our, expected, tolerance);
      if (status !== 'differs') continue;
      differs = true;
      if (printed++ < MOST_PRINTED) {
        console.log(`${what}\n    ${name}: ${JSON.stringify(our)}, expected ${JSON.stringify(expected)}, tolerance ${tolerance}`);
      }
    }
    if (differs) differing++;
  };
  for (let seed = first; seed < first + count; seed++) {
    const matrix = matrixOf(seed);
    const { file, tensor } = await opened(ours, matrix);
    const hooks = { poll: nothing, progress: nothing, refined: seed % 2 === 0 ? nothing : null };
    const options = { ...ours.DEFAULT_OPTIONS, normalize: matrix.normalize, ridge: matrix.ridge, rows: matrix.rows, backend: 'cpu' };
    let report;
    try {
      report = await ours.analyze(file, tensor, options, backend, hooks);
    } catch (error) {
      console.log(`seed ${seed}: ${matrix.kind}, ${matrix.n} x ${matrix.d} ${matrix.type}: ${error.stack}`);
      differing++;
      continue;
    }
    python.send(ours.toJson(report), matrix.npy);
    waiting.push({ seed, matrix: { ...matrix, npy: null } });
    if (waiting.length > 8) await settle();
    if ((seed - first + 1) % 1000 === 0) console.log(`${seed - first + 1} matrices, ${differing} with a difference`);
  }
  while (waiting.length > 0) await settle();
  python.end();
  await backend.kernels.close();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

const rows = [...table].sort(([a], [b]) => a.localeCompare(b));
const cell = (x) => x.toLocaleString('en-US');
const lines = rows.map(
  ([name, { agrees, open, differs, worst }]) =>
    `| ${name} | ${cell(agrees)} | ${cell(open)} | ${cell(differs)} | ${worst === 0 ? '0' : worst.toExponential(1)} |`,
);
const result = `# Numbers

Written by \`npm run bench:differential\`: ${cell(count)} random matrices (seeds ${first} to ${first + count - 1}) of ${kinds.size} kinds, 1 x 1 to 400 x 200, 15 types of
elements, scales from 1e-30 to 1e30, rows scaled to unit length or not, as embeddings and as weights, each read from the bytes of an NPY file and analysed as
the product does, beside NumPy and SciPy in float64, which compute every quantity from its definition and the rows.

A value *agrees* when it differs by no more than the stated errors of the arithmetic can move it: eigenvalues from a Gram matrix by (d + n + 8) eps times the
largest, singular values from a QR factorisation by (10 sqrt d + sqrt(n / 128) + 2) eps times the largest, and the rows by their own rounding. It is *open* when it does
and these errors are more than a thousandth of it, so that agreement says little. *Called exact* is what claims to be the quantity of all rows up to rounding: that
has to be true to a thousandth whatever the tolerance. *Absent* is where a sentence has to stand in place of a number, *bound* a bound that is
called certain, of a *sample* beside the truth of all rows. The last column is the largest relative error of those that agree
(of eigenvalues relative to the largest).

**${cell(differing)} of ${cell(count)} matrices differ in anything.** \`npm run bench:differential -- --only SEED\` repeats one.

| Quantity | Agrees | Open | Differs | Largest relative error |
|---|---:|---:|---:|---:|
${lines.join('\n')}
`;
console.log(`\n${result}\n${((performance.now() - began) / 1000).toFixed(0)} s`);
if (flags.only === undefined) writeFileSync(join(root, 'docs', 'numbers.md'), result);
process.exitCode = differing === 0 ? 0 : 1;
