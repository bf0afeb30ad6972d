/**
 * How often the intervals of a sample hold the truth of the whole file, in every cell of population x n / d; each draw is a new sample
 * without replacement. Writes docs/coverage.md.
 *
 *   npm run bench:coverage [-- --draws 400] [--runs FOLDER]      about 8 minutes on two cores
 *
 * FOLDER holds the real recursive-training runs (see bench/coverage/populations.ts).
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const { values } = parseArgs({
  options: { draws: { type: 'string', default: '400' }, runs: { type: 'string', default: '../shared/runs/runs' } },
});
const draws = Number(values.draws);
const RATIOS = [0.5, 1.2, 2, 5, 50];
const NOMINAL = 0.95;
/** Of empirical coverage: nominal less three binomial standard errors. */
const bar = NOMINAL - 3 * Math.sqrt((NOMINAL * (1 - NOMINAL)) / draws);
// Each process gets populations of like cost.
const SHARES = [
  ['isotropic', 'power law 1', 'spiked', 'heavy-tailed (t5)', 'clustered', 'real, control'],
  ['power law 0.7', 'power law 1.5', 'low rank + floor', 'real, collapsing', 'real, mixed', 'heavy-tailed (t5), own lengths'],
];

/** Where a method has nothing to say: proven bounds need rows of unit length. */
const SILENT = { spoke: 0 };

const folder = mkdtempSync(join(tmpdir(), 'sigma-coverage-'));
try {
  const worker = join(folder, 'worker.mjs');
  await build({
    entryPoints: ['bench/coverage/worker.ts'],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: worker,
    logLevel: 'warning',
  });
  const cells = (await Promise.all(SHARES.map((names) => run(worker, names)))).flat();
  const text = table(cells);
  writeFileSync('docs/coverage.md', text);
  console.log(text);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function run(worker, names) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [worker, values.runs, String(draws), RATIOS.join(','), ...names], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let out = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
      if (process.stderr.isTTY) process.stderr.write('.');
    });
    child.on('close', (code) =>
      code === 0
        ? resolve(
            out
              .trim()
              .split('\n')
              .map((line) => JSON.parse(line)),
          )
        : reject(new Error(`A worker ended with ${code}.`)),
    );
  });
}

function table(cells) {
  const { columns } = cells[0];
  const keys = (of) => [...new Set(cells.flatMap((cell) => Object.keys(of(cell) ?? {})))];
  const quantities = keys(({ tallies }) => tallies);
  const lines = [
    '# Coverage of the intervals',
    '',
    `Written by \`npm run bench:coverage\`: ${draws} samples without replacement in each of ${cells.length} cells (${new Set(cells.map((c) => c.population)).size} populations, ${columns} columns; rows of unit length, except where they keep their own; n / d = ${RATIOS.join(', ')}), intervals at ${100 * NOMINAL} %.`,
    `A method passes where its coverage is at least ${percent(bar)} (nominal less three binomial standard errors) in *every* cell in which it gives an interval in at least one draw in ten.`,
    'The truth is the quantity of all rows of the population: 20,000 synthetic rows, or the pooled generations of real recursive-training runs (11,000 to 33,000 rows). That of uniformity is taken over 500 pairs for each row. The debiased participation ratio is a statement on the distribution: its interval is measured with the correction for a finite population.',
    '',
    '## By method',
    '',
    '| Quantity | Method | Worst coverage | in | Passes | Median width | Gave an interval |',
    '|---|---|---|---|---|---|---|',
  ];
  for (const id of quantities) {
    for (const method of keys(({ tallies }) => tallies[id])) {
      const all = cells.map((c) => ({ cell: `${c.population}, ${c.ratio}`, ...(c.tallies[id]?.[method] ?? SILENT) }));
      const spoken = all.filter(({ spoke }) => spoke >= draws / 10);
      if (spoken.length === 0) continue;
      const worst = spoken.reduce((a, b) => (b.covered / b.spoke < a.covered / a.spoke ? b : a));
      const widths = spoken.map(({ width, spoke }) => width / spoke).sort((a, b) => a - b);
      const coverage = worst.covered / worst.spoke;
      lines.push(
        `| ${id} | ${method} | ${percent(coverage)} | ${worst.cell} | ${coverage >= bar ? 'yes' : 'no'} | ${figure(widths[widths.length >> 1])} | ${percent(all.reduce((s, t) => s + t.spoke, 0) / (all.length * draws))} |`,
      );
    }
  }
  lines.push(
    '',
    '## By cell',
    '',
    `Of the method that is shown: coverage, mean width and mean error of the middle of the interval, against the true value; "-" where it abstains.`,
  );
  for (const id of quantities) {
    const methods = keys(({ tallies }) => tallies[id]);
    const shown = methods.find((method) => method.endsWith('(shown)')) ?? methods[0];
    lines.push('', `### ${id}`, '', `| n / d | ${RATIOS.join(' | ')} |`, `|---|${RATIOS.map(() => '---|').join('')}`);
    for (const population of new Set(cells.map((c) => c.population))) {
      const entries = RATIOS.map((ratio) => {
        const t = cells.find((c) => c.population === population && c.ratio === ratio).tallies[id]?.[shown] ?? SILENT;
        return t.spoke < draws / 10
          ? '-'
          : `${percent(t.covered / t.spoke)}, ${figure(t.width / t.spoke)}, ${figure(t.bias / t.spoke)} of ${figure(t.truth)}`;
      });
      lines.push(`| ${population} | ${entries.join(' | ')} |`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function percent(x) {
  return `${(100 * x).toFixed(1)} %`;
}

function figure(x) {
  return Number(x.toPrecision(3)).toString();
}
