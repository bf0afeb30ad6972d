import type { SourceDescription } from '../analysis/report';
import type { CheckpointReport, MatrixReport } from './run-report';

// A long run has 10^5 reports of 6 KB each as objects, nearly all of which is the same in all of them: what differs is some sixty numbers.

/** What of a report is made of numbers. */
const NUMERIC = ['sigma', 'sampling', 'quantities', 'timings'] as const;
type Numeric = Pick<CheckpointReport, (typeof NUMERIC)[number]>;
/** Who was measured, and how. */
type Facts = Pick<CheckpointReport, 'sample' | 'options' | 'backend' | 'integrity'> & { readonly source: Omit<SourceDescription, 'path'> };

/** The reports of one checkpoint as plain data, small to send: equal parts are one object, and numbers stand in one array. */
export interface PackedReports {
  readonly rows: readonly Row[];
  /** Of all rows, one after the other. */
  readonly numbers: Float64Array;
}

interface Row {
  readonly file: string;
  readonly path: string;
  readonly facts: Facts;
  readonly verdict: CheckpointReport['verdict'];
  /** The numeric part with 0 in the place of each number. */
  readonly mould: Numeric;
}

/** @returns the first of all equal values that it was given; equal as JSON */
export type Share = <T extends object>(value: T) => T;

/** Values that differ more often than that are not worth to be kept for others. */
const MOST_SHARED = 10_000;

export function sharing(): Share {
  const known = new Map<string, object>();
  return <T extends object>(value: T): T => {
    const key = JSON.stringify(value);
    const first = known.get(key) as T | undefined;
    if (first === undefined && known.size < MOST_SHARED) known.set(key, value);
    return first ?? value;
  };
}

export function pack(matrices: readonly MatrixReport[]): PackedReports {
  const share = sharing();
  const numbers: number[] = [];
  const rows = matrices.map(({ file, report }): Row => {
    if (report instanceof PackedReport) return { file, ...report.repacked(numbers) };
    const { source, sample, options, backend, integrity, verdict, sigma, sampling, quantities, timings } = report;
    const { path, ...subject } = source;
    const numeric: Numeric = { sigma, sampling, quantities, timings };
    const facts = { source: subject, sample, options, backend, integrity };
    return { file, path, facts: share(facts), verdict: share(verdict), mould: share(emptied(numeric, numbers) as Numeric) };
  });
  return { rows, numbers: Float64Array.from(numbers) };
}

/**
 * The matrices that were packed. Their reports read as any others, and are made of the numbers anew at each look: keep none, and take
 * {@link plainReport} where one is to be written or sent.
 * @param share among the checkpoints of a run
 */
export function unpack({ rows, numbers }: PackedReports, share: Share): readonly MatrixReport[] {
  let at = 0;
  // Each came as a string of its own.
  const strings = new Map<string, string>();
  const text = (value: string): string => {
    const first = strings.get(value);
    if (first === undefined) strings.set(value, value);
    return first ?? value;
  };
  // What is one object here already was found to be equal before.
  const shared = new Map<object, object>();
  const once = <T extends object>(value: T): T => {
    const found = (shared.get(value) as T | undefined) ?? share(value);
    shared.set(value, found);
    return found;
  };
  return rows.map(({ file, path, facts, verdict, mould }) => {
    // A verdict has numbers in its words.
    const report = new PackedReport(text(path), once(facts), verdict, once(mould), numbers, at);
    at += numbersIn(mould);
    return { file: text(file), report };
  });
}

/** All members as its own. */
export function plainReport(report: CheckpointReport): CheckpointReport {
  const { schema, source, sample, options, backend, integrity, sigma, spectrum, quantities, sampling, verdict, timings } = report;
  return { schema, source, sample, options, backend, integrity, sigma, spectrum, quantities, sampling, verdict, timings };
}

class PackedReport implements CheckpointReport {
  readonly #path: string;
  readonly #facts: Facts;
  readonly #mould: Numeric;
  readonly #numbers: Float64Array;
  readonly #at: number;
  readonly verdict: CheckpointReport['verdict'];

  constructor(path: string, facts: Facts, verdict: CheckpointReport['verdict'], mould: Numeric, numbers: Float64Array, at: number) {
    this.#path = path;
    this.#facts = facts;
    this.verdict = verdict;
    this.#mould = mould;
    this.#numbers = numbers;
    this.#at = at;
  }

  /** @param numbers to which its own are added */
  repacked(numbers: number[]): Omit<Row, 'file'> {
    const end = this.#at + numbersIn(this.#mould);
    for (let i = this.#at; i < end; i++) numbers.push(this.#numbers[i]!);
    return { path: this.#path, facts: this.#facts, verdict: this.verdict, mould: this.#mould };
  }

  get schema() {
    return 'sigma.report/1' as const;
  }
  get spectrum() {
    return null;
  }
  get source() {
    return { path: this.#path, ...this.#facts.source };
  }
  get sample() {
    return this.#facts.sample;
  }
  get options() {
    return this.#facts.options;
  }
  get backend() {
    return this.#facts.backend;
  }
  get integrity() {
    return this.#facts.integrity;
  }
  get sigma() {
    return this.#filled('sigma');
  }
  get sampling() {
    return this.#filled('sampling');
  }
  get quantities() {
    return this.#filled('quantities');
  }
  get timings() {
    return this.#filled('timings');
  }

  #filled<K extends keyof Numeric>(part: K): Numeric[K] {
    let at = this.#at;
    for (const other of NUMERIC) {
      if (other === part) break;
      at += numbersIn(this.#mould[other]);
    }
    return filled(this.#mould[part], { numbers: this.#numbers, at }) as Numeric[K];
  }
}

/** The same with 0 for each number, which goes to `numbers`. */
function emptied(value: unknown, numbers: number[]): unknown {
  if (typeof value === 'number') {
    numbers.push(value);
    return 0;
  }
  if (Array.isArray(value)) return value.map((item) => emptied(item, numbers));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, emptied(member, numbers)]));
}

function filled(mould: unknown, from: { readonly numbers: Float64Array; at: number }): unknown {
  if (typeof mould === 'number') return from.numbers[from.at++];
  if (Array.isArray(mould)) return mould.map((item) => filled(item, from));
  if (typeof mould !== 'object' || mould === null) return mould;
  const members: Record<string, unknown> = {};
  for (const key in mould) members[key] = filled((mould as Record<string, unknown>)[key], from);
  return members;
}

const counted = new WeakMap<object, number>();

function numbersIn(mould: unknown): number {
  if (typeof mould === 'number') return 1;
  if (typeof mould !== 'object' || mould === null) return 0;
  let count = counted.get(mould);
  if (count === undefined) {
    count = Object.values(mould).reduce((sum: number, member) => sum + numbersIn(member), 0);
    counted.set(mould, count);
  }
  return count;
}
