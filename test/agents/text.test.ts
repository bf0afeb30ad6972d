import { describe, expect, it } from 'vitest';
import { comparisonHealth } from '../../src/agents/comparison';
import { fileHealth, matrixHealth, runHealth } from '../../src/agents/health';
import { answerText } from '../../src/agents/text';
import type { RunReport } from '../../src/engine/protocol';
import { DEFINITIONS } from '../../src/spectral/definitions';
import { sampleReport, weightReport } from '../cli/sample-report';
import { runReport } from '../editor/run-reports';
import { checkpoint } from '../runs/reports';
import { comparison } from '../words/comparisons';

const place = { run: '/work/runs/a', name: 'checkpoint-100', step: 100 };

describe('one matrix', () => {
  const text = answerText(matrixHealth(sampleReport(), place));
  const lines = text.split('\n');

  it('says the verdict before any number', () => {
    expect(lines[0]).toBe('# Healthy: run/embeddings.npy');
    expect(lines[2]).toBe('Nothing in this spectrum speaks of collapse.');
  });

  it('says file, tensor, step, rows and what to do', () => {
    expect(lines).toContain('- Tensor: the only matrix of the file');
    expect(lines).toContain('- Step: 100 (checkpoint checkpoint-100 of the run /work/runs/a)');
    expect(lines).toContain('- Rows read: 1000 of 1000 (all); 100 columns of float32. Rows are scaled to unit length first.');
    expect(text).toContain('## What to do\n- Nothing needs doing.');
  });

  it('says of each quantity value, unit, how well it is known, and its definition', () => {
    const line = (id: string) => lines.find((candidate) => candidate.includes(`(${id}):`))!;
    const { meaning, formula, validity } = DEFINITIONS.participationRatio;
    expect(line('participationRatio')).toBe(
      `- **Participation ratio** (participationRatio): about 13.25 directions of 100 possible (between 12.5 and 14.004 with 95 % confidence, by Jackknife). ${meaning} Formula: ${formula}. Validity: ${validity}`,
    );
    expect(line('effectiveRank')).toContain(': 37.239 directions of 100 possible (exact for these rows). How many');
    expect(line('shape')).toContain(': -72.389 nats (exact');
    expect(line('logDetGram')).toContain(': no value (at most -15 certain, by Water-filling). Only 12 of 1,000 rows are known.');
    expect(text).toContain('delta = 0.001.');
    expect(text).toMatch(/\*\*U_cov\*\*: .706\.4 nats/);
  });

  it('defines a quantity of several scales once', () => {
    const at = (alphaOverD: number) => ({ alphaOverD, value: alphaOverD, exact: true, bounds: [], reason: null });
    const { quantities } = sampleReport();
    const several = answerText(matrixHealth(sampleReport({ quantities: { ...quantities, codingLogDet: [at(0.1), at(10)] } }), null));
    expect(several.split(DEFINITIONS.codingLogDet.meaning)).toHaveLength(2);
    expect(several).toContain('- **Coding log-determinant at alpha/d = 10** (codingLogDet): 10 nats (exact for these rows).');
    expect(several).toContain('- Step: not known');
  });

  it('says that a sample is one', () => {
    const sample = { rows: 200, seed: 3, complete: false, stopped: 'tolerance' } as const;
    expect(answerText(matrixHealth(sampleReport({ sample }), null))).toContain(
      '- Rows read: 200 of 1000 (a random sample, seed 3, as many as the tolerance asked for); 100 columns',
    );
  });
});

it('several matrices are a table of the worst ten, with how to ask for more', () => {
  const reports = Array.from({ length: 400 }, (_, i) => weightReport(`layer.${i}|x\nq`, i === 399 ? 'watch' : 'healthy', i + 1));
  const text = answerText(fileHealth('model.safetensors', reports, ['layer.x: it ends early.'], place));
  expect(text).toMatch(/^# Worth watching: model\.safetensors, by the worst of its 400 matrices\n/);
  expect(text).toContain('| Worth watching: layer.399|x\nq is watch. |'.replaceAll('|x\nq', '\\|x\ufffdq'));
  expect(text).toContain('And 390 more: ask with tensor="NAME" for one of them in full.');
  expect(text).toContain('- Not analysed: layer.x: it ends early.');
  expect(text.length).toBeLessThan(3000);
  expect(text).not.toContain('Change since the baseline');
});

describe('a run', () => {
  const collapsing: RunReport = {
    ...runReport({
      path: '/work/runs/a',
      level: 'collapsing',
      onset: { name: 'generation-1', step: 1 },
      alarm: { name: 'generation-2', step: 2 },
    }),
    forecast: { quantity: 'effectiveRank', threshold: 18.62, step: 9, lower: 7, upper: 14, confidence: 0.9 },
  };

  it('says verdict, onset, alarm and forecast before its checkpoints', () => {
    const text = answerText(runHealth(collapsing, null));
    expect(text).toMatch(/^# Collapsing: run \/work\/runs\/a\n\nIt is losing directions\.\n/);
    expect(text).toContain('- Onset: generation-1, step 1 (the first checkpoint that does not fit the baseline).');
    expect(text).toContain('- Alarm: generation-2, step 2 (');
    expect(text).toContain('at step 9, between 7 and 14 with 90 % confidence.');
    expect(text).toContain('| 2 | generation-2 | Collapsing | 37 | 0 % |');
  });

  it('of 500 checkpoints lists the baseline and the last, and drift with what it means', () => {
    const drift = {
      shape: { value: -12.5, z: -8.25, evidence: 240 },
      'other.npy#U_cov': { value: -3, z: null, evidence: null },
    };
    const checkpoints = Array.from({ length: 500 }, (_, step) => ({
      ...checkpoint(step, [{ effectiveRank: 40 - step / 25 }]),
      drift: step === 499 ? drift : {},
      level: 'watch' as const,
    }));
    const text = answerText(runHealth({ ...collapsing, checkpoints }, null));
    expect(text).toContain('| 0 | generation-0 | baseline | 40 |  |');
    expect(text).toContain('| 499 | generation-499 | Worth watching | 20.04 | -49.9 % |');
    expect(text).toContain('490 between the baseline and the last 9 not listed.');
    expect(text).toContain(`- **Shape (log sphericity)** (shape): -12.5 nats; z = -8.25; evidence 240. ${DEFINITIONS.shape.meaning}`);
    expect(text).toContain('- **U_cov of SIGMA-UB** (U_cov of other.npy): -3 nats; z not known; evidence not judged.');
    expect(text.length).toBeLessThan(4000);
  });

  it('without a checkpoint says that there is none', () => {
    const text = answerText(runHealth({ ...collapsing, checkpoints: [], baseline: null, level: 'unknown' }, null));
    expect(text).toMatch(/^# Not enough evidence/);
    expect(text).toContain('- Newest checkpoint: none is analysed yet.');
  });
});

describe('a comparison', () => {
  it('of two says first what changed, and then each quantity on both sides', () => {
    const text = answerText(comparisonHealth([comparison({ test: { shape: [-223, 0.01], logScale: [0.3, 0.01] } })], [place, null]));
    expect(text).toMatch(/^# Narrower: B has lost directions\n\nThe shape of the spectrum fell by 223/);
    expect(text).toContain('- A (baseline): /work/a.npy; step: 100 (');
    expect(text).toContain('- B: /work/b.npy; step: not known');
    expect(text).toContain('change -23 directions; A: 54 (exact for these rows), B: 31 (exact for these rows). How many');
    expect(text).toContain('between 12.1 and 13.9 with 95 % confidence, by jackknife');
    expect(text).toContain('- **Stein divergence**: 12.50 nats.');
    expect(text).toContain('p-values: 199 random swaps');
  });

  it('of several lists what each came to before any of them', () => {
    const same = comparison({ test: { shape: [0.1, 0.5], logScale: [0.1, 0.5] } });
    const text = answerText(comparisonHealth([comparison(), same], [null, null, null]));
    expect(text).toMatch(
      /^# 2 matrices against the baseline A\n\n- B: Narrower: B has lost directions\n- C: No change of shape or scale beyond chance\n/,
    );
    expect(text).toContain('## C: No change');
  });
});
