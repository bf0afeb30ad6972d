import { type AnalysisOptions, DEFAULT_OPTIONS } from '../analysis/report';
import { parseChoice, parseNumber } from './arguments';

/** The flags of every command that analyses matrices, for {@link parseArguments}. */
export const ANALYSIS_FLAGS = {
  rows: { type: 'string', default: 'all' },
  seed: { type: 'string', default: String(DEFAULT_OPTIONS.seed) },
  ridge: { type: 'string', default: String(DEFAULT_OPTIONS.ridge) },
  'no-normalize': { type: 'boolean', default: false },
  backend: { type: 'string', default: DEFAULT_OPTIONS.backend },
} as const;

/** What their values mean. @throws Failure with one sentence that names the flag */
export function analysisOptions(values: {
  readonly rows: string;
  readonly seed: string;
  readonly ridge: string;
  readonly 'no-normalize': boolean;
  readonly backend: string;
}): AnalysisOptions {
  const { rows, seed, ridge, backend } = values;
  const isWhole = (value: number, from: number): boolean => Number.isSafeInteger(value) && value >= from;
  return {
    ...DEFAULT_OPTIONS,
    normalize: values['no-normalize'] ? false : DEFAULT_OPTIONS.normalize,
    ridge: parseNumber('--ridge', ridge, (value) => value > 0, 'a positive number'),
    rows: rows === 'all' ? null : parseNumber('--rows', rows, (value) => isWhole(value, 1), "'all' or a whole number from 1"),
    seed: parseNumber('--seed', seed, (value) => isWhole(value, 0) && value < 2 ** 32, 'a whole number from 0 to 4294967295'),
    backend: parseChoice('--backend', backend, ['auto', 'webgpu', 'cpu']),
  };
}
