/**
 * Whole processes, ours and what one would write in Python for the same matrix, in turn in one run; and how time grows with rows and
 * columns. Writes bench/RESULTS.md.
 *
 *   npm run build && npm run bench [-- --large] [--out FILE]       needs /usr/bin/time and python3 with numpy; scipy and torch where present
 *
 * About 15 minutes on two cores. --large adds 1,000,000 x 768 and 128,256 x 4,096 (3 GB of disk, 10 minutes more).
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values: flags } = parseArgs({ options: { large: { type: 'boolean' }, out: { type: 'string', default: 'bench/RESULTS.md' } } });
const PYTHON = process.env.PYTHON ?? 'python3';
const ROUNDS = 5;
/** Of what takes longer than ten seconds. */
const LONG_ROUNDS = 3;

const WRITE_ROWS = `
import sys, numpy as np
n, d, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
rng = np.random.default_rng(0)
out = np.lib.format.open_memmap(path, mode='w+', dtype=np.float32, shape=(n, d))
scale = (np.arange(1, d + 1) ** -0.5).astype(np.float32)
for i in range(0, n, 20_000):
    k = min(20_000, n - i)
    out[i:i + k] = rng.standard_normal((k, d), dtype=np.float32) * scale + np.float32(0.05)
out.flush()`;
/** Tensors of GPT-2's smallest size, by its names. */
const WRITE_GPT2 = `
import sys, json, struct, numpy as np
shapes = {'wte.weight': (50257, 768), 'wpe.weight': (1024, 768)}
for i in range(12):
    shapes |= {f'h.{i}.attn.c_attn.weight': (768, 2304), f'h.{i}.attn.c_proj.weight': (768, 768), f'h.{i}.mlp.c_fc.weight': (768, 3072), f'h.{i}.mlp.c_proj.weight': (3072, 768)}
header, at = {}, 0
for name, shape in shapes.items():
    size = 4 * shape[0] * shape[1]
    header[name] = {'dtype': 'F32', 'shape': shape, 'data_offsets': [at, at + size]}
    at += size
text = json.dumps(header).encode()
text += b' ' * (-len(text) % 8)
rng = np.random.default_rng(0)
with open(sys.argv[1], 'wb') as f:
    f.write(struct.pack('<Q', len(text)) + text)
    for shape in shapes.values():
        scale = (np.arange(1, shape[1] + 1) ** -0.3).astype(np.float32)
        f.write((0.02 * rng.standard_normal(shape, dtype=np.float32) * scale).tobytes())`;

/** Random rows in bfloat16, by cutting float32. */
const WRITE_LLAMA = `
import sys, json, struct, numpy as np
n, d = 128_256, 4096
text = json.dumps({'model.embed_tokens.weight': {'dtype': 'BF16', 'shape': [n, d], 'data_offsets': [0, 2 * n * d]}}).encode()
text += b' ' * (-len(text) % 8)
rng = np.random.default_rng(0)
scale = (np.arange(1, d + 1) ** -0.4).astype(np.float32)
with open(sys.argv[1], 'wb') as f:
    f.write(struct.pack('<Q', len(text)) + text)
    for i in range(0, n, 8016):
        (rng.standard_normal((8016, d), dtype=np.float32) * scale).view(np.uint16)[:, 1::2].tofile(f)`;

/** Each prints the seconds that it took without starting Python and importing. */
const python = (imports, work) => [
  '-c',
  `import sys, time\nimport ${imports}\nstart = time.perf_counter()\n${work}\nprint(time.perf_counter() - start)`,
];
const SVD = ['NumPy svd', python('numpy as np', 'np.linalg.svd(np.load(sys.argv[1]), compute_uv=False)')];
const GRAM = [
  'NumPy eigvalsh(X.T @ X), float64',
  python('numpy as np', 'x = np.load(sys.argv[1]).astype(np.float64); np.linalg.eigvalsh(x.T @ x)'),
];
const EIGSH = [
  'SciPy eigsh, 50 largest, float32',
  python('numpy as np, scipy.sparse.linalg as s', 'x = np.load(sys.argv[1]); s.eigsh(x.T @ x, k=50, return_eigenvectors=False)'),
];
const TORCH = ['torch svdvals', python('numpy as np, torch', 'torch.linalg.svdvals(torch.from_numpy(np.load(sys.argv[1])))')];
const BLOCKS = [
  'NumPy eigvalsh(X.T @ X), float64, in blocks of rows',
  python(
    'numpy as np',
    `x = np.load(sys.argv[1], mmap_mode='r')
g = np.zeros((x.shape[1], x.shape[1]))
for i in range(0, len(x), 50_000):
    b = x[i:i + 50_000].astype(np.float64); g += b.T @ b
np.linalg.eigvalsh(g)`,
  ),
];
const LAYERS = [
  'NumPy svd of each tensor',
  python(
    'json, struct, numpy as np',
    `with open(sys.argv[1], 'rb') as f:
    size = struct.unpack('<Q', f.read(8))[0]
    header = json.loads(f.read(size))
    for t in header.values():
        f.seek(8 + size + t['data_offsets'][0])
        np.linalg.svd(np.fromfile(f, np.float32, t['shape'][0] * t['shape'][1]).reshape(t['shape']), compute_uv=False)`,
  ),
];

const installed = (name) =>
  spawnSync(PYTHON, ['-c', `import ${name}; print(${name}.__version__)`], { encoding: 'utf8' }).stdout.trim() || null;
const versions = { NumPy: installed('numpy'), SciPy: installed('scipy'), torch: installed('torch') };
const some = (...references) =>
  references.filter((reference) => (reference !== EIGSH || versions.SciPy !== null) && (reference !== TORCH || versions.torch !== null));

const folder = mkdtempSync(join(tmpdir(), 'sigma-bench-'));
const lines = [];
const measured = new Map();
const load = () => loadavg()[0].toFixed(1);
const loads = [];
try {
  const wide = some(SVD, GRAM, EIGSH, TORCH);
  pairs('50,000 x 768 float32', rows(50_000, 768), ROUNDS, [], wide);
  pairs('10,000 x 4,096 float32', rows(10_000, 4096), LONG_ROUNDS, [], wide);
  pairs('GPT-2-sized safetensors, 50 tensors, 498 MB', gpt2(), LONG_ROUNDS, [], [LAYERS]);
  for (const n of [12_500, 25_000, 100_000]) pairs(`${n.toLocaleString('en')} x 768`, rows(n, 768), LONG_ROUNDS, [], [GRAM]);
  for (const d of [256, 512, 1024, 2048]) pairs(`20,000 x ${d}`, rows(20_000, d), LONG_ROUNDS, [], [GRAM]);
  if (flags.large) {
    const large = rows(1_000_000, 768);
    pairs('1,000,000 x 768 float32, first report', large, LONG_ROUNDS, ['--rows', '1000'], []);
    pairs('1,000,000 x 768 float32, to 1 %', large, LONG_ROUNDS, ['--tolerance', '0.01'], []);
    pairs('1,000,000 x 768 float32, exact', large, LONG_ROUNDS, [], [BLOCKS]);
    rmSync(large);
  }
  if (flags.large) pairs('128,256 x 4,096 bfloat16 (a Llama 3 embedding matrix)', file('llama.safetensors', WRITE_LLAMA, []), 1, [], []);
  for (const [title, script, ...args] of [
    ['Gram matrices alone', 'bench/kernels.mjs', '768', '2048', '4096'],
    ['Eigenvalues alone', 'bench/eigenvalues.mjs'],
  ]) {
    lines.push('', `### ${title}`, '', '```', execFileSync(process.execPath, [script, ...args], { encoding: 'utf8' }).trim(), '```');
    writeFileSync(flags.out, results());
  }
  console.log(results());
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function rows(n, d) {
  return file(`${n}x${d}.npy`, WRITE_ROWS, [String(n), String(d)]);
}

function gpt2() {
  return file('gpt2.safetensors', WRITE_GPT2, []);
}

function file(name, code, args) {
  const path = join(folder, name);
  if (!existsSync(path)) execFileSync(PYTHON, ['-c', code, ...args, path]);
  return path;
}

/** Ours and the references on one file, in turn. */
function pairs(title, path, rounds, ourFlags, references) {
  const sigma = [process.execPath, ['dist/sigma.js', 'analyze', path, '--json', '--backend', 'cpu', ...ourFlags]];
  const engines = [['Sigma', ...sigma], ...references.map(([name, args]) => [name, PYTHON, [...args, path]])];
  const runs = engines.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [k, [, command, args]] of engines.entries()) runs[k].push(run(command, args));
    loads.push(Number(load()));
  }
  const rowsOfTable = engines.map(([name], k) => ({ name, ...summary(runs[k]) }));
  measured.set(title, rowsOfTable);
  const ours = rowsOfTable[0].seconds;
  lines.push(
    '',
    `### ${title}`,
    '',
    '| | whole process | least to most | without starting | CPU time | peak memory | times ours |',
    '|---|---|---|---|---|---|---|',
  );
  for (const { name, seconds, least, most, inside, cpu, megabytes } of rowsOfTable) {
    lines.push(
      `| ${name} | ${figure(seconds)} s | ${figure(least)} to ${figure(most)} | ${inside === null ? '' : `${figure(inside)} s`} | ${figure(cpu)} s | ${megabytes} MB | ${name === 'Sigma' ? '' : figure(seconds / ours)} |`,
    );
  }
  const { stages } = rowsOfTable[0];
  lines.push('', `Sigma: ${stages}.`);
  writeFileSync(flags.out, results());
  console.error(
    title,
    rowsOfTable.map(({ name, seconds, megabytes }) => `${name} ${figure(seconds)} s ${megabytes} MB`).join(', '),
    `load ${load()}`,
  );
}

/** One process: seconds from its start to its end, seconds inside it, peak memory. */
function run(command, args) {
  const report = join(folder, 'time');
  const { status, stdout, stderr } = spawnSync('/usr/bin/time', ['-o', report, '-f', '%e %U %S %M', command, ...args], {
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  });
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr}`);
  const [seconds, user, system, kilobytes] = readFileSync(report, 'utf8').trim().split(' ').map(Number);
  const usage = { seconds, cpu: user + system, megabytes: kilobytes / 1024 };
  if (command === PYTHON) return { ...usage, inside: Number(stdout), stages: null };
  // One document for each tensor.
  const timings = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).timings);
  const sum = (stage) => timings.reduce((s, t) => s + t[stage], 0) / 1000;
  // Several matrices are analysed at a time: what they took together is no time of the process.
  return {
    ...usage,
    inside: timings.length === 1 ? sum('total') : null,
    stages: { read: sum('read'), gram: sum('gram'), eigen: sum('eigen') },
  };
}

function summary(runs) {
  const sorted = (key) => runs.map((r) => r[key]).sort((a, b) => a - b);
  const median = (key) => sorted(key)[Math.floor(runs.length / 2)];
  const all = sorted('seconds');
  const middle = runs.find((r) => r.seconds === median('seconds'));
  const { stages } = middle;
  return {
    seconds: median('seconds'),
    least: all[0],
    most: all.at(-1),
    inside: median('inside'),
    cpu: median('cpu'),
    megabytes: Math.round(Math.max(...sorted('megabytes'))),
    stages:
      stages &&
      `reading ${figure(stages.read)} s, rows and Gram matrix ${figure(stages.gram)} s, eigenvalues and statistics ${figure(stages.eigen)} s, ${middle.inside === null ? 'of all threads together' : `starting and ending ${figure(middle.seconds - middle.inside)} s`}`,
  };
}

function results() {
  const [{ model }] = cpus();
  const of = (title, name) => measured.get(title)?.find((row) => row.name === name);
  const bars = [];
  /** A bar that is a least ratio of times. */
  const sooner = (title, reference, least) => {
    const [ours, theirs] = [of(title, 'Sigma'), of(title, reference)];
    if (!ours || !theirs) return;
    const whole = theirs.seconds / ours.seconds;
    const inside = ours.inside === null ? '' : ` (${figure(theirs.inside / ours.inside)} without starting either)`;
    const met = whole >= least ? 'met' : `missed: ${figure(least / whole)} times too slow`;
    bars.push(`| ${title}: at least ${least} times sooner than ${reference} | ${figure(whole)} times${inside} | ${met} |`);
  };
  const atMost = (title, what, key, most, unit) => {
    const ours = of(title, 'Sigma');
    if (!ours) return;
    const met = ours[key] <= most ? 'met' : `missed by ${figure(ours[key] - most)} ${unit}`;
    bars.push(`| ${title}: ${what} at most ${most} ${unit} | ${figure(ours[key])} ${unit} | ${met} |`);
  };
  sooner('50,000 x 768 float32', 'NumPy svd', 4);
  sooner('50,000 x 768 float32', 'torch svdvals', 1);
  atMost('50,000 x 768 float32', 'memory', 'megabytes', 120, 'MB');
  sooner('10,000 x 4,096 float32', 'NumPy svd', 4);
  atMost('10,000 x 4,096 float32', 'memory', 'megabytes', 300, 'MB');
  sooner('GPT-2-sized safetensors, 50 tensors, 498 MB', 'NumPy svd of each tensor', 5);
  atMost('1,000,000 x 768 float32, first report', 'time', 'seconds', 1, 's');
  atMost('1,000,000 x 768 float32, exact', 'memory', 'megabytes', 200, 'MB');
  const early = of('1,000,000 x 768 float32, to 1 %', 'Sigma');
  const exact = of('1,000,000 x 768 float32, exact', BLOCKS[0]);
  if (early && exact) {
    const times = exact.seconds / early.seconds;
    bars.push(
      `| 1,000,000 x 768 float32: codingLogDet to 1 % at least 50 times sooner than the exact NumPy answer | ${figure(times)} times | ${times >= 50 ? 'met' : `missed: ${figure(50 / times)} times too slow`} |`,
    );
  }
  const notes = existsSync('bench/notes.md') ? readFileSync('bench/notes.md', 'utf8').trim() : '';
  return `${[
    '# Results',
    '',
    `Written by \`npm run bench${flags.large ? ' -- --large' : ''}\`. ${model.trim()}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB; ${process.platform}; Node ${process.versions.node} (V8 ${process.versions.v8}); ${Object.entries(
      versions,
    )
      .map(([name, version]) => (version === null ? `no ${name}` : `${name} ${version}`))
      .join(', ')}, with all cores. No GPU was used.`,
    `Mean load of the machine over a minute, seen after each round: ${figure(Math.min(...loads))} to ${figure(Math.max(...loads))}; the run itself makes about 2 of it.`,
    '',
    `Each time is the median of ${ROUNDS} runs, or of ${LONG_ROUNDS} where a title has 4,096 columns, several tensors or 1,000,000 rows, and in sections of another number of rows or columns; ours and theirs in turn, from a warm page cache. "Whole process" is from the start of \`node\` or \`python3\` to its end, "without starting" leaves out imports. Memory is the most that was resident in any of the runs. Sigma computes all its quantities, and eigenvalues of C and of S; the others compute one spectrum.`,
    '',
    '## Bars',
    '',
    '| Bar | Measured | |',
    '|---|---|---|',
    ...bars,
    ...(notes === '' ? [] : ['', notes]),
    '',
    '## Times',
    ...lines,
  ].join('\n')}\n`;
}

function figure(x) {
  return Number(x.toPrecision(3)).toString();
}
