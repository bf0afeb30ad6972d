import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reportFromJson } from '../../src/analysis/report-json';
import { BUNDLE, CHECKPOINT, EMBEDDINGS, sigma } from './sigma';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sigma-analyze-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A version 1.0 .npy file of float32 in C order. */
function npy(rows: number, columns: number, value: (i: number) => number): Buffer {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${columns}), }`;
  const header = Buffer.from(`\x93NUMPY\x01\x00\x00\x00${text.padEnd(117)}\n`, 'latin1');
  header.writeUInt16LE(118, 8);
  return Buffer.concat([header, Buffer.from(Float32Array.from({ length: rows * columns }, (_, i) => value(i)).buffer)]);
}

async function reports(args: readonly string[]) {
  const { exitCode, stdout, stderr } = await sigma(['analyze', '--backend', 'cpu', '--json', ...args]);
  expect(stderr).toBe('');
  expect(exitCode).toBe(0);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('sigma analyze --json', () => {
  it('prints one document with the keys of sigma.report/1', async () => {
    const [report, ...others] = await reports([EMBEDDINGS]);
    expect(others).toEqual([]);
    expect(Object.keys(report)).toEqual([
      'schema',
      'source',
      'sample',
      'options',
      'backend',
      'integrity',
      'sigma',
      'spectrum',
      'quantities',
      'sampling',
      'verdict',
      'timings',
    ]);
    expect(report.schema).toBe('sigma.report/1');
    expect(report.source).toEqual({
      path: EMBEDDINGS,
      tensor: null,
      format: 'npy',
      dtype: 'float32',
      rows: 1000,
      columns: 100,
      bytes: 400_000,
      note: null,
    });
    expect(report.sample).toEqual({ rows: 1000, seed: 0, complete: true, stopped: 'whole-file' });
    expect(report.options).toEqual({
      normalize: true,
      ridge: 1e-3,
      confidence: 0.95,
      rows: null,
      tolerance: null,
      seed: 0,
      backend: 'cpu',
    });
    expect(Object.keys(report.backend).sort()).toEqual(['device', 'fallbackReason', 'name', 'precision', 'selfTestError']);
    expect(report.integrity).toEqual({ nan: 0, inf: 0, zeroRows: 0, duplicateRows: 0, constantColumns: 0 });
    expect(Object.keys(report.sigma).sort()).toEqual(['G_KF', 'S', 'U_cov', 'beta', 'delta', 'm', 'n_A', 'n_k', 'rho']);
    expect(report.spectrum.kind).toBe('exact');
    expect(report.spectrum.eigenvalues).toHaveLength(100);
    expect(Object.keys(report.quantities.effectiveRank).sort()).toEqual(['bounds', 'exact', 'reason', 'value']);
    expect(report.quantities.codingLogDet.map(({ alphaOverD }: { alphaOverD: number }) => alphaOverD)).toEqual([0.1, 1, 10, 100]);
    expect(Object.keys(report.verdict)).toEqual(['level', 'reasons']);
    expect(reportFromJson(report).spectrum?.eigenvalues).toBeInstanceOf(Float64Array);
  });

  it("agrees with NumPy's float64 on the same file", async () => {
    const [{ sigma, quantities }] = await reports([EMBEDDINGS]);
    expect(sigma.U_cov).toBeCloseTo(-706.4024846594724, 8);
    expect(quantities.effectiveRank.value).toBeCloseTo(37.23857384724503, 8);
    expect(quantities.participationRatioPlain.value).toBeCloseTo(13.25026069973163, 8);
    expect(quantities.meanCosine.value).toBeCloseTo(0.8352160014336552, 10);
  });

  it('takes every flag into the report', async () => {
    const flags = ['--rows', '300', '--tolerance', '0.001', '--seed', '7', '--ridge', '1e-2', '--confidence', '0.9', '--no-normalize'];
    const [report] = await reports([EMBEDDINGS, ...flags]);
    expect(report.options).toEqual({
      normalize: false,
      ridge: 0.01,
      confidence: 0.9,
      rows: 300,
      tolerance: 0.001,
      seed: 7,
      backend: 'cpu',
    });
    expect(report.sample).toEqual({ rows: 300, seed: 7, complete: false, stopped: 'rows' });
    expect(report.sigma).toMatchObject({ n_A: 300, n_k: 1000, delta: 0.01 });
    const [whole] = await reports([EMBEDDINGS, '--rows', 'all']);
    expect(whole.sample.complete).toBe(true);
  });

  it('prints one document per matrix and per file, or the one that is named', async () => {
    const all = await reports([CHECKPOINT, EMBEDDINGS]);
    expect(all.length).toBeGreaterThan(10);
    expect(all.at(-1).source.path).toBe(EMBEDDINGS);
    const [one, ...others] = await reports([CHECKPOINT, '--tensor', 'transformer.wte.weight']);
    expect(others).toEqual([]);
    expect(one.source).toMatchObject({ tensor: 'transformer.wte.weight', rows: 2048, columns: 96, dtype: 'bfloat16' });
  });

  it('counts what is not a number, and prints only JSON', async () => {
    const path = join(folder, 'broken.npy');
    await writeFile(
      path,
      npy(20, 4, (i) => (i === 5 ? Number.NaN : i === 13 ? Number.POSITIVE_INFINITY : Math.sin(i))),
    );
    const [report] = await reports([path]);
    expect(report.integrity).toMatchObject({ nan: 1, inf: 1 });
    expect(report.verdict.level).toBe('broken');
  });
});

describe('sigma analyze for a person', () => {
  it('says the verdict first, and no colour outside a terminal unless it is asked for', async () => {
    const { exitCode, stdout, stderr } = await sigma(['analyze', '--backend', 'cpu', EMBEDDINGS]);
    expect(exitCode).toBe(0);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^✔ Healthy {2}\S/);
    expect(stdout).toMatch(/Effective rank +37\.24 of 100 directions +exact/);
    expect(stdout).not.toContain('\u001b');
    const coloured = await sigma(['analyze', '--backend', 'cpu', EMBEDDINGS], { FORCE_COLOR: '1' });
    expect(coloured.stdout).toContain('\u001b[32m✔ Healthy\u001b[39m');
  });

  it('gives a file with several matrices a table', async () => {
    const { exitCode, stdout } = await sigma(['analyze', '--backend', 'cpu', CHECKPOINT]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/\d+ matrices: /);
    expect(stdout).toMatch(/transformer\.wte\.weight +2,048 × 96 /);
    expect(stdout).toContain('--tensor NAME');
  });

  it('tells the truth about a backend that is not there', async () => {
    const { exitCode, stdout } = await sigma(['analyze', '--backend', 'webgpu', '--json', EMBEDDINGS]);
    expect(exitCode).toBe(0);
    const { name, fallbackReason } = JSON.parse(stdout).backend;
    if (name === 'webgpu') expect(fallbackReason).toBeNull();
    else expect(fallbackReason).toMatch(/\S/);
  });
});

describe('sigma analyze refuses in one line', () => {
  it.each([
    [['analyze'], 'analyze needs a file'],
    [['analyze', 'x.npy', '--colour'], 'there is no flag --colour; see sigma analyze --help'],
    [['analyze', 'x.npy', '--rows'], '--rows needs a value'],
    [['analyze', 'x.npy', '--rows', '0'], "--rows must be 'all' or a whole number from 1, but is '0'"],
    [['analyze', 'x.npy', '--rows', '1.5'], "--rows must be 'all' or a whole number from 1, but is '1.5'"],
    [['analyze', 'x.npy', '--ridge', '0'], '--ridge must be a positive number'],
    [['analyze', 'x.npy', '--ridge=-1'], '--ridge must be a positive number'],
    [['analyze', 'x.npy', '--ridge', '-1'], '--ridge needs a value; one that begins with a dash is written --ridge=VALUE'],
    [['analyze', 'x.npy', '--ridge', 'Infinity'], '--ridge must be a positive number'],
    [['analyze', 'x.npy', '--confidence', '95'], '--confidence must be between 0 and 1'],
    [['analyze', 'x.npy', '--seed', '-1'], '--seed needs a value'],
    [['analyze', 'x.npy', '--seed', '0x10'], '--seed must be a whole number'],
    [['analyze', 'x.npy', '--backend', 'cuda'], '--backend must be one of auto, webgpu, cpu'],
    [['analyze', 'x.npy', '--json=yes'], '--json takes no value'],
    [['analyze', EMBEDDINGS, EMBEDDINGS, '--html', 'x.html'], '--html writes the panel of one file'],
    [['analyze', EMBEDDINGS, '--column', 'vector'], 'it holds one unnamed matrix'],
    [['analyze', EMBEDDINGS, '--column', 'a', '--tensor', 'a'], '--tensor and --column are the same flag'],
    [['analyze', EMBEDDINGS, '--tensor', 'weights'], 'it holds one unnamed matrix'],
    [['analyze', CHECKPOINT, '--tensor', 'transformer.wte.wieght'], 'the closest names are transformer.wte.weight'],
    [['analyze', CHECKPOINT, '--tensor', 'transformer.ln_f.bias'], "'transformer.ln_f.bias' cannot be analysed"],
    [['analyze', 'no/such/file.npy'], 'no/such/file.npy'],
    [['analyze', folderOf(EMBEDDINGS)], folderOf(EMBEDDINGS)],
    [['analyze', EMBEDDINGS, '--html', 'no/such/folder/panel.html'], 'the folder no/such/folder does not exist'],
    [['analyze', EMBEDDINGS, '--html', EMBEDDINGS], 'must end in .html'],
  ])('%j', async (args, sentence) => {
    const { exitCode, stderr } = await sigma(args);
    expect(stderr).toContain(sentence);
    expect(stderr).toMatch(/^sigma: [^\n]+\n$/);
    expect(exitCode).toBe(2);
  });

  it('and goes on with the other files', async () => {
    const path = join(folder, 'truncated.npy');
    await writeFile(path, (await readFile(EMBEDDINGS)).subarray(0, 5000));
    const { exitCode, stdout, stderr } = await sigma(['analyze', '--backend', 'cpu', '--json', path, EMBEDDINGS]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^sigma: [^\n]*truncated\.npy[^\n]+\n$/);
    expect(JSON.parse(stdout).source.path).toBe(EMBEDDINGS);
  });

  it('and lets no name control the terminal', async () => {
    const { stderr } = await sigma(['analyze', '\u001b]0;owned\u0007no\nsuch.npy']);
    expect(stderr).toMatch(/^sigma: \P{Cc}+\n$/u);
  });
});

describe('sigma analyze in a pipeline', () => {
  it('ends with 130 when it is interrupted in the middle of its arithmetic', async () => {
    const large = join(folder, 'large.npy');
    await writeFile(
      large,
      npy(1500, 3000, (i) => Math.sin(i * i)),
    );
    const child = spawn(process.execPath, [BUNDLE, 'analyze', '--backend', 'cpu', '--json', EMBEDDINGS, large]);
    const lines = createInterface({ input: child.stdout });
    // The first document says that the large file is next.
    await once(lines, 'line');
    child.kill('SIGINT');
    const [exitCode] = await once(child, 'exit');
    expect(exitCode).toBe(130);
  });

  it('ends quietly when its reader has seen enough', async () => {
    const child = spawn(process.execPath, [BUNDLE, 'analyze', '--backend', 'cpu', '--json', CHECKPOINT]);
    let stderr = '';
    child.stderr.on('data', (data) => {
      stderr += data;
    });
    await once(child.stdout, 'data');
    child.stdout.destroy();
    const [exitCode] = await once(child, 'close');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });
});

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}
