/** What a quantity is, in words: the one place from which panel, command line and README take names and explanations. */
export interface Definition {
  /** The field's standard name. */
  readonly label: string;
  /** Short group heading. */
  readonly group: 'scale' | 'shape' | 'rank' | 'head' | 'similarity' | 'sigma' | 'weights';
  readonly unit: 'nats' | 'directions' | 'ratio' | 'none';
  /** One sentence for a person who has never met it. */
  readonly meaning: string;
  readonly formula: string;
  /** When the number can be trusted. */
  readonly validity: string;
  readonly source: string;
}

// C = G / n is the uncentred second moment of the rows, S = C - mean mean^T the centred one; l_i are eigenvalues in descending order, H(p) = -sum p log p.
export const DEFINITIONS = {
  effectiveRank: {
    label: 'Effective rank',
    group: 'rank',
    unit: 'directions',
    meaning: 'How many directions the rows really use around their mean.',
    formula: 'exp H(l / sum l), l = eigenvalues of S',
    validity: 'Compare files with equal numbers of rows; low when a file has fewer than about 4 rows per direction.',
    source: 'Matrix entropy: Giraldo, Rao, Principe 2015 (arXiv:1211.2459); on eigenvalues, not singular values',
  },
  vendiScore: {
    label: 'Vendi score',
    group: 'rank',
    unit: 'directions',
    meaning: 'The effective number of different rows, the common mean included.',
    formula: 'exp H(l / sum l), l = eigenvalues of C',
    validity: 'Rows of unit length; a strong common mean pulls it towards 1.',
    source: 'Friedman and Dieng 2023 (arXiv:2210.02410)',
  },
  rankMe: {
    label: 'RankMe',
    group: 'rank',
    unit: 'directions',
    meaning: 'Effective rank on singular values; weighs weak directions more than the effective rank does.',
    formula: 'exp(-sum p log p), p = s / sum s + 1e-7, s = singular values of X (uncentred)',
    validity: 'At most min(rows, columns); from a sample, an interval once rows outnumber its directions by about 1.2 to 1.',
    source: 'Garrido et al. 2023 (arXiv:2210.02885)',
  },
  participationRatio: {
    label: 'Participation ratio',
    group: 'head',
    unit: 'directions',
    meaning: 'How many directions carry the bulk of the variance, corrected for the number of rows.',
    formula: '(tr Sigma)^2 / tr(Sigma^2), each estimated without bias from centred moments',
    validity: 'Its interval is for the distribution, rows drawn independently; needs at least 4 rows.',
    source: 'Gao et al. 2017; unbiased moments: Himeno and Yamada 2014',
  },
  participationRatioPlain: {
    label: 'Participation ratio (plain)',
    group: 'head',
    unit: 'directions',
    meaning: 'The participation ratio of these very rows, not corrected for their number.',
    formula: '(sum l)^2 / sum l^2, l = eigenvalues of S',
    validity: 'Low when the file has few rows; from a sample it is estimated without that bias, for all rows of the file.',
    source: 'Gao et al. 2017',
  },
  stableRank: {
    label: 'Stable rank',
    group: 'head',
    unit: 'directions',
    meaning: 'Total energy in units of the strongest direction.',
    formula: 'tr C / l_1(C)',
    validity: 'Between 1 and the rank; from a sample, an interval where the largest eigenvalue stands apart from the rest.',
    source: 'Rudelson and Vershynin 2007',
  },
  numericalRank: {
    label: 'Numerical rank',
    group: 'rank',
    unit: 'directions',
    meaning: 'Directions above the rounding noise of the arithmetic.',
    formula: '#{i : l_i(C) > d eps l_1(C)} from the Gram matrix, > ((10 sqrt d + sqrt(n / 128)) eps)^2 l_1(C) from a QR factorisation',
    validity:
      'Says what the arithmetic can resolve, not what matters. Files of float64 are factored by QR where their Gram matrix resolves too little.',
    source: 'Golub and Van Loan, Matrix Computations, 5.5.8',
  },
  isoScore: {
    label: 'IsoScore',
    group: 'shape',
    unit: 'ratio',
    meaning: 'How evenly the variance fills the space: 1 evenly, 0 along one line.',
    formula: '(participation ratio (plain) - 1) / (d - 1)',
    validity: 'Compare with a baseline of the same model, not with 1.',
    source: 'Rudman et al. 2022 (arXiv:2108.07344), in closed form',
  },
  shape: {
    label: 'Shape (log sphericity)',
    group: 'shape',
    unit: 'nats',
    meaning: 'How far the spectrum is from even, whatever its scale: 0 is even, lost directions drive it down.',
    formula: "logdet S' - d log(tr S' / d), S' = S + 1e-6 (tr S / d) I",
    validity: 'The sharpest single sign of lost directions; needs more rows than columns to be comparable.',
    source: "Mauchly's sphericity, 1940",
  },
  logScale: {
    label: 'Log scale',
    group: 'scale',
    unit: 'nats',
    meaning: 'Log of the total variance around the mean: falls when everything contracts towards one point.',
    formula: 'log tr S',
    validity: 'For unit rows at most 0; can rise in the early phase of a collapse.',
    source: 'Total variance',
  },
  meanCosine: {
    label: 'Mean cosine',
    group: 'similarity',
    unit: 'ratio',
    meaning: 'Average cosine between two different rows: near 1 means all rows say nearly the same.',
    formula: '(n |mean of unit rows|^2 - 1) / (n - 1)',
    validity: 'Over all pairs of rows that are not zero; encoders differ in their normal level.',
    source: 'Ethayarajh 2019 (arXiv:1909.00512)',
  },
  distinctRowRatio: {
    label: 'Distinct rows',
    group: 'similarity',
    unit: 'ratio',
    meaning: 'Share of rows that are not exact copies of an earlier row.',
    formula: 'distinct rows / rows',
    validity: 'Exact up to 2^18 distinct rows, then estimated by adaptive sampling to about 0.2 %.',
    source: 'Adaptive sampling: Flajolet 1990',
  },
  uniformity: {
    label: 'Uniformity',
    group: 'similarity',
    unit: 'nats',
    meaning: 'How evenly the rows spread over the sphere; lower is more even.',
    formula: 'log mean exp(-2 |x - y|^2) over pairs of unit rows',
    validity: 'Rows of unit length; estimated from all pairs of up to 1,023 rows, fewer where they have more than 128 columns.',
    source: 'Wang and Isola 2020 (arXiv:2005.10242)',
  },
  logDetGram: {
    label: 'Log-determinant of the Gram matrix',
    group: 'sigma',
    unit: 'nats',
    meaning: "The log-volume that all rows span: SIGMA's health metric.",
    formula: 'logdet(G + delta I), G over all rows of the file',
    validity:
      'Depends on the number of rows and on delta: compare equal ones only. Certain bounds, here and elsewhere, take unseen rows to be usable: without NaN or infinities, and not zero.',
    source: 'SIGMA (arXiv:2601.03385)',
  },
  lambdaMax: {
    label: 'Largest eigenvalue',
    group: 'head',
    unit: 'none',
    meaning: 'Energy of the strongest direction.',
    formula: 'l_1(C)',
    validity: 'Dominated by the common mean where rows share one; from a sample, an interval where it stands apart from the rest.',
    source: 'Spectrum of C',
  },
  lambdaMin: {
    label: 'Smallest eigenvalue',
    group: 'shape',
    unit: 'none',
    meaning: 'Energy of the weakest direction: 0 means a direction is lost.',
    formula: 'l_d(C)',
    validity: 'Numbers below the noise floor are rounding and are not shown.',
    source: 'Spectrum of C',
  },
  conditionNumber: {
    label: 'Condition number',
    group: 'shape',
    unit: 'none',
    meaning: 'Strongest direction over weakest.',
    formula: 'l_1(C) / l_d(C)',
    validity: 'Only where the smallest eigenvalue is above the noise floor.',
    source: 'Golub and Van Loan, Matrix Computations, 2.6.2',
  },
  trace: {
    label: 'Trace',
    group: 'scale',
    unit: 'none',
    meaning: 'Mean squared length of a row: 1 for unit rows.',
    formula: 'tr C',
    validity: 'Always.',
    source: 'Spectrum of C',
  },
  codingLogDet: {
    label: 'Coding log-determinant',
    group: 'sigma',
    unit: 'nats',
    meaning: 'Log-volume above a noise level: what is finer than 1/alpha does not count.',
    formula: 'f_alpha = logdet(I + alpha C), alpha / d = 0.1, 1, 10, 100',
    validity: 'Always finite; twice the coding rate of MCR^2. Low when a file has few rows.',
    source: 'Yu et al. 2020 (arXiv:2006.08558)',
  },
  effectiveDimension: {
    label: 'Effective dimension',
    group: 'rank',
    unit: 'directions',
    meaning: 'How many directions stand above the noise level 1/alpha.',
    formula: 'd_eff(alpha) = tr alpha C (I + alpha C)^-1',
    validity: 'Always finite.',
    source: 'Ridge statistical dimension',
  },
  alphaReq: {
    label: 'Alpha-ReQ',
    group: 'shape',
    unit: 'none',
    meaning: 'How steeply the eigenvalues fall; near 1 is typical of good representations.',
    formula: 'minus the least-squares slope of log l_i(S) on log i, i = 5 ... min(50, resolved)',
    validity: 'Needs 10 resolved eigenvalues; depends on the range of i.',
    source: 'Agrawal et al. 2022',
  },
  powerLawAlpha: {
    label: 'Power-law exponent',
    group: 'weights',
    unit: 'none',
    meaning: 'Tail exponent of the eigenvalues of a weight matrix; 2 to 6 is usual in trained layers.',
    formula: 'maximum likelihood above the x_min with the least Kolmogorov-Smirnov distance',
    validity:
      "Needs 50 eigenvalues; larger than 8 means there is no power law. WeightWatcher's alpha, save that it drops squared singular values of 1e-5 and less.",
    source: 'Martin and Mahoney 2019 (arXiv:1810.01075); Clauset et al. 2009',
  },
  alphaHat: {
    label: 'Alpha-hat',
    group: 'weights',
    unit: 'none',
    meaning: 'The power-law exponent weighed by the scale of the matrix; compares layers and models of one architecture.',
    formula: 'alpha log10 s_1^2, s_1 = largest singular value of the matrix',
    validity: "Where the power-law exponent is; changes with the scale of the weights. WeightWatcher's alpha_weighted.",
    source: 'Martin, Peng and Mahoney 2021 (arXiv:2002.06716)',
  },
  mpSoftRank: {
    label: 'MP soft rank',
    group: 'weights',
    unit: 'ratio',
    meaning: 'Edge of the random bulk over the largest eigenvalue: 1 is noise, small is strong structure.',
    formula: 'min(1, Marchenko-Pastur upper edge / l_1), noise variance from the median eigenvalue',
    validity:
      "Assumes a bulk of independent noise under the signal. WeightWatcher's mp_softrank fits the noise variance to a density estimate and can differ.",
    source: 'Martin and Mahoney 2019 (arXiv:1810.01075); Gavish and Donoho 2014',
  },
  spikes: {
    label: 'Spikes',
    group: 'weights',
    unit: 'directions',
    meaning: 'Eigenvalues that stand out of the random bulk.',
    formula: '#{i : l_i > Marchenko-Pastur upper edge and the 99 % Tracy-Widom quantile of the largest noise eigenvalue}',
    validity:
      "Assumes a bulk of independent noise under the signal: such noise alone has 0 in about 99 % of cases. WeightWatcher's num_spikes has a limit of its own.",
    source: 'Johnstone 2001; Kritchman and Nadler 2009; Baik, Ben Arous, Peche 2005',
  },
} as const satisfies Record<string, Definition>;

export type QuantityId = keyof typeof DEFINITIONS;

/** In the order in which they are shown: what tells most stands first. */
export const QUANTITY_ORDER: readonly QuantityId[] = Object.keys(DEFINITIONS) as QuantityId[];
