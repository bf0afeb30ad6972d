import type { Kind } from '../../src/runs/run-report';
import { normal, uniform } from '../../src/spectral/random';
import { type Generation, generation } from './checkpoint';
import { accumulate, accumulateSubsample, draw, fresh, type Gaussian, type Models, replace, tempered, truncated } from './recursions';

export const COLUMNS = 48;
/** Rows that a generation is trained on, and that are embedded of it. */
export const ROWS = 500;

/** Variances 1 / i, and a mean as long as all of them together: rows of unit length then have a mean cosine near 1 / 2. */
const start: Gaussian = (() => {
  const factor = new Float64Array(COLUMNS ** 2);
  let trace = 0;
  for (let i = 0; i < COLUMNS; i++) {
    factor[i * (COLUMNS + 1)] = (i + 1) ** -0.5;
    trace += 1 / (i + 1);
  }
  return { mean: new Float64Array(COLUMNS).fill(Math.sqrt(trace / COLUMNS)), factor };
})();

export interface Scenario {
  readonly what: string;
  /** Generation 0 of these is healthy; from generation 1 on they are not. */
  models(normal: () => number, random: () => number): Models;
  /** Share of rows of a generation that are copies of another one. */
  readonly copies?: (k: number) => number;
  /** What the detector may rightly call it. */
  readonly kinds: readonly Kind[];
}

const narrowing: readonly Kind[] = ['lost-directions', 'head'];
const healthy = (normal: () => number): Models => fresh(() => start, ROWS, normal);
/** What the log-determinant loses at a generation of replace, to first order, undone by scale. */
const SPREADING = Math.exp((COLUMNS + 1) / (2 * ROWS));

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  control: { what: 'fresh rows of the start at every generation', models: healthy, kinds: [] },
  replace: {
    what: 'only rows of the predecessor',
    models: (normal) => replace(start, ROWS, normal),
    kinds: narrowing,
  },
  'replace, cold': {
    what: 'the same, and covariance x 0.97 at every generation',
    models: (normal) => replace(start, ROWS, normal, { lambda: 0.97 }),
    kinds: [...narrowing, 'contraction'],
  },
  'replace, spreading': {
    what: `the same, and covariance x ${SPREADING.toFixed(3)}: the log-determinant stays where it is`,
    models: (normal) => replace(start, ROWS, normal, { lambda: SPREADING }),
    kinds: narrowing,
  },
  'fresh mix': {
    what: 'a quarter of the rows of the start, the rest of the predecessor',
    models: (normal) => replace(start, ROWS, normal, { real: 0.25 }),
    kinds: narrowing,
  },
  accumulate: {
    what: 'all rows so far; comes to rest near where it began',
    models: (normal) => accumulate(start, ROWS, normal),
    kinds: narrowing,
  },
  'accumulate, subsample': {
    what: 'as many of all rows so far',
    models: (normal, random) => accumulateSubsample(start, ROWS, normal, random),
    kinds: narrowing,
  },
  'tail truncation': {
    what: 'one more of the last directions at half of its standard deviation at every generation',
    models: (normal) => fresh((k) => truncated(start, COLUMNS - k, 0.5), ROWS, normal),
    kinds: ['lost-directions'],
  },
  growth: {
    what: 'fresh rows, covariance x 1.03 at every generation',
    models: (normal) => fresh((k) => tempered(start, 1.03 ** k), ROWS, normal),
    kinds: ['degenerate-growth'],
  },
  duplicates: {
    what: '1 % more of the rows are copies at every generation',
    models: healthy,
    copies: (k) => 0.01 * k,
    kinds: ['duplicates'],
  },
};

/** A chain of generations 0 to `last`, healthy before generation `change`. */
export async function chain(name: string, seed: number, last: number, change: number): Promise<Generation[]> {
  const { models, copies = () => 0 } = SCENARIOS[name];
  const random = uniform(seed);
  const next = normal(random);
  const before = healthy(next);
  const after = models(next, random);
  const generations: Generation[] = [];
  for (let k = 0; k <= last; k++) {
    const since = k - change + 1;
    const rows = draw((since < 0 ? before : after).next().value, ROWS, next);
    const repeated = Math.round(copies(Math.max(0, since)) * ROWS);
    rows.copyWithin((ROWS - repeated) * COLUMNS, 0, repeated * COLUMNS);
    generations.push(await generation(rows, COLUMNS, k));
  }
  return generations;
}
