/** What a bound rests on, by the name of its method. One sentence each. */
const METHODS: Readonly<Record<string, string>> = {
  'Deterministic equivalent, jackknife':
    'Corrects for how a sample of this size spreads the eigenvalues; the spread comes from leaving rows out. Its coverage is measured, not proven.',
  'Unbiased moments, jackknife': 'Moments without bias; the spread comes from leaving rows out. Its coverage is measured, not proven.',
  'Spiked spectrum, jackknife':
    'For a largest eigenvalue that stands apart; the spread comes from leaving rows out. Its coverage is measured, not proven.',
  Jackknife: 'The spread comes from leaving rows out. Its coverage is measured, not proven.',
  'U-statistic, jackknife': 'A mean over pairs of rows; the spread comes from leaving rows out. Its coverage is measured, not proven.',
  'SIGMA-S': 'Rows that were held out say how much the rows not read can add. Holds for any rows of unit length.',
  'Submodular gain bound': 'Each further row adds less than the one before; rows that were held out say how much less.',
  'Matrix Chernoff': 'How far the eigenvalues of a sample can stray from those of all rows, for any rows of unit length.',
  'Bernstein and betting': 'Rows that were held out bound the mean square; holds for any rows of unit length.',
  'Majorisation by the unseen trace': 'The rows not read have unit length: no others could put the value outside.',
  'Loewner monotonicity': 'The rows not read can only add to what was read.',
  'SIGMA-UB Track I': 'The deterministic bound of SIGMA-UB, as reconstructed from public implementations.',
  'Kuczynski-Wozniakowski': 'How far Lanczos steps from random starts can fall short of the largest eigenvalue.',
  'stochastic Lanczos quadrature': 'Random probes of the whole spectrum; the spread comes from how much they differ.',
  'Rayleigh quotients and the trace': 'What was seen of single directions, and that all eigenvalues add up to the trace.',
  'Concavity, from the trace': 'Between all energy in one direction and energy spread evenly.',
  'Sides of the matrix': 'No more directions than rows or columns.',
  'Weyl, rounding': 'The rounding of the arithmetic moves no eigenvalue further.',
};

/** What the method does, in a sentence; empty for a method that has none. */
export function methodSentence(method: string): string {
  return METHODS[method] ?? '';
}
