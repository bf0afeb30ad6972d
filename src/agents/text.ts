import { SIGMA_TITLE, sigmaEntries } from '../words/entries';
import { plainText } from '../words/plain-text';
import { levelWord } from '../words/verdict';
import type { ComparedHealth, ComparisonHealth } from './comparison';
import type { CheckpointPlace, FileHealth, Health, MatrixHealth, MatrixLine, Quantity, RunHealth } from './document';

// Markdown rather than JSON: sentences carry units and definitions where they are read, and no schema has to be known to read them.

/** What a language model reads of an answer: the verdict first, then each number with all that it takes to read it. */
export function answerText(answer: Health | ComparisonHealth): string {
  switch (answer.kind) {
    case 'matrix':
      return lines(matrixLines(answer));
    case 'file':
      return lines(fileLines(answer));
    case 'run':
      return lines(runLines(answer));
    case 'comparison':
      return lines(comparisonLines(answer));
  }
}

const SYMBOLS =
  'In formulas: X has n rows (all rows of the matrix) and d columns, G = X^T X, C = G/n is the uncentred second moment, S the centred one, Sigma the covariance of the distribution that the rows come from, l_i eigenvalues in descending order, H(p) = -sum p log p, eps the rounding unit, log the natural logarithm,';
const STEP_UNKNOWN = 'not known (the path is in no recognised run)';

function matrixLines(health: MatrixHealth): string[] {
  const { path, tensor, rows, columns, dtype, normalized, integrity, quantities } = health;
  const { nan, inf, zeroRows, duplicateRows, constantColumns } = integrity;
  const broken = [
    `${nan} NaN and ${inf} infinite entries`,
    `${zeroRows} zero rows`,
    `${duplicateRows} duplicate rows`,
    `${constantColumns} constant columns`,
  ];
  const unit = normalized ? 'Rows are scaled to unit length first.' : 'Rows are taken as they are.';
  return [
    `# ${health.verdict.words}: ${named(path, tensor)}`,
    '',
    ...health.verdict.reasons,
    'A verdict on one file says whether it is degenerate by itself; whether the model contracted shows only against an earlier checkpoint (compare_model_health).',
    '',
    `- File: ${plainText(path)}`,
    `- Tensor: ${tensor === null ? 'the only matrix of the file' : plainText(tensor)}`,
    `- Step: ${placeText(health.checkpoint)}`,
    `- Rows read: ${rows.read} of ${rows.total}${sampled(health)}; ${columns} columns of ${dtype}. ${unit}`,
    `- Integrity: ${broken.join(', ')}.`,
    ...adviceLines(health.verdict.whatToDo),
    '',
    '## Quantities',
    `${SYMBOLS} delta = ${health.delta}.`,
    '',
    ...quantities.map((quantity, i) => quantityLine(quantity, quantities[i - 1]?.id !== quantity.id)),
    ...sigmaLines(health.sigma),
  ];
}

function sampled({ rows: { read, total, stopped, seed } }: MatrixHealth): string {
  if (read >= total) return ' (all)';
  const why = {
    tolerance: ', as many as the tolerance asked for',
    capacity: ', as many as so wide a matrix is analysed on',
    rows: '',
    'whole-file': '',
  };
  return ` (a random sample, seed ${seed}${stopped === null ? '' : why[stopped]})`;
}

/** @param defined false for one whose definition was said just before, at another scale */
function quantityLine(quantity: Quantity, defined: boolean): string {
  const { id, label, alphaOverD, unit, of, note, meaning, formula, validity } = quantity;
  const name = `**${label}${alphaOverD === null ? '' : ` at alpha/d = ${alphaOverD}`}** (${id})`;
  const reason = note === null ? '' : ` ${note}`;
  const definition = defined ? ` ${meaning} Formula: ${formula}. Validity: ${validity}` : '';
  return `- ${name}: ${knownText(quantity, unitWords(unit, of))}.${reason}${definition}`;
}

/** A value with its unit and how well it is known, in words. */
function knownText({ value, exact, intervals }: Pick<Quantity, 'value' | 'exact' | 'intervals'>, unit: string): string {
  const amount = value === null ? 'no value' : `${exact ? '' : 'about '}${decimal(value)} ${unit}`.trimEnd();
  const known = intervals.map(({ lower, upper, kind, confidence, method }) => {
    const certainty = kind === 'deterministic' ? 'certain' : `with ${decimal(confidence * 100)} % confidence`;
    return `${span(lower, upper)} ${certainty}, by ${method}`;
  });
  const certainty = exact ? ['exact for these rows'] : value !== null && known.length === 0 ? ['an estimate without an interval'] : [];
  const how = [...certainty, ...known].join('; ');
  return how === '' ? amount : `${amount} (${how})`;
}

function sigmaLines(sigma: MatrixHealth['sigma']): string[] {
  if (sigma === null) return [];
  const entries = sigmaEntries(sigma).filter(({ term }) => term === 'U_cov' || term === 'G_KF');
  return ['', `## ${SIGMA_TITLE}`, ...entries.map(({ term, value, note }) => `- **${term}**: ${value}. ${note}`)];
}

function span(lower: number | null, upper: number | null): string {
  if (lower !== null && upper !== null) return `between ${decimal(lower)} and ${decimal(upper)}`;
  if (lower !== null) return `at least ${decimal(lower)}`;
  return upper === null ? 'anywhere' : `at most ${decimal(upper)}`;
}

function unitWords(unit: Quantity['unit'], of: number | null): string {
  if (unit === 'directions') return of === null ? 'directions' : `directions of ${of} possible`;
  if (unit === 'ratio') return 'as a ratio';
  return unit === 'none' ? 'without unit' : unit;
}

function fileLines({ path, checkpoint, verdict, matrices, worst, more, failed }: FileHealth): string[] {
  return [
    `# ${verdict.words}: ${plainText(path)}, by the worst of its ${matrices} matrices`,
    '',
    ...verdict.reasons.map((reason) => `${plainText(worst[0]!.tensor)}: ${reason}`),
    '',
    `- Step: ${placeText(checkpoint)}`,
    ...failed.map((sentence) => `- Not analysed: ${plainText(sentence)}`),
    ...adviceLines(verdict.whatToDo),
    ...matrixTable('## Matrices, worst first', worst, more),
  ];
}

function runLines(run: RunHealth): string[] {
  const { path, verdict, baseline, newest, onset, alarm, forecast, recognised, missing, tracked, checkpoints, leftOut } = run;
  const at = (place: { readonly name: string; readonly step: number } | null, otherwise: string): string =>
    place === null ? otherwise : `${plainText(place.name)}, step ${place.step}`;
  const outlook =
    forecast === null
      ? 'none (made only while a run collapses and has not yet collapsed)'
      : `${forecast.quantity} falls below ${decimal(forecast.threshold)}, half of the baseline's, at step ${decimal(forecast.step)}, between ${decimal(forecast.lower)} and ${decimal(forecast.upper)} with ${decimal(100 * forecast.confidence)} % confidence`;
  return [
    `# ${verdict.words}: run ${plainText(path)}`,
    '',
    ...verdict.reasons.map(plainText),
    '',
    `- Baseline: ${baseline === null ? 'none yet' : plainText(baseline)}; every checkpoint is compared with it.`,
    `- Newest checkpoint: ${at(newest, 'none is analysed yet')}.`,
    `- Onset: ${at(onset, 'none')} (the first checkpoint that does not fit the baseline).`,
    `- Alarm: ${at(alarm, 'none')} (the checkpoint at which that became certain).`,
    `- Forecast: ${outlook}.`,
    `- Read as: ${plainText(recognised)}`,
    ...missing.map((sentence) => `- Note: ${plainText(sentence)}`),
    ...adviceLines(verdict.whatToDo),
    ...driftLines(run),
    '',
    `## Checkpoints${tracked === null ? '' : `, effective rank of ${plainText(tracked)} (in directions)`}`,
    '| Step | Checkpoint | Verdict | Effective rank | Change since the baseline |',
    '|---|---|---|---|---|',
    ...checkpoints.map(
      ({ step, name, level, effectiveRank, effectiveRankChange }) =>
        `| ${step} | ${cell(name)} | ${name === baseline ? 'baseline' : levelWord(level)} | ${orNone(effectiveRank)} | ${share(effectiveRankChange)} |`,
    ),
    ...(leftOut === 0 ? [] : ['', `${leftOut} between the baseline and the last ${checkpoints.length - 1} not listed.`]),
    ...matrixTable('## Matrices of the newest checkpoint, worst first', run.worst, run.more),
  ];
}

function driftLines({ drift, alarmEvidence, newest, baseline }: RunHealth): string[] {
  if (drift.length === 0) return [];
  return [
    '',
    `## Drift of ${plainText(newest?.name ?? '')} from ${plainText(baseline ?? '')}`,
    `Evidence is an e-value: healthy runs reach ${alarmEvidence} less than once in ${alarmEvidence} checkpoints. z is in standard deviations of healthy differences.`,
    ...drift.map(({ id, matrix, label, unit, change, z, evidence, meaning }) => {
      const facts = [
        `${signed(change)} ${unitWords(unit, null)}`,
        z === null ? 'z not known' : `z = ${signed(z)}`,
        evidence === null ? 'evidence not judged' : `evidence ${decimal(evidence)}`,
      ];
      return `- **${label}** (${id}${matrix === null ? '' : ` of ${plainText(matrix)}`}): ${facts.join('; ')}. ${meaning}`;
    }),
  ];
}

function comparisonLines({ baseline, others }: ComparisonHealth): string[] {
  const [first] = others;
  const one = others.length === 1;
  return [
    one ? `# ${first!.headline}` : `# ${others.length} matrices against the baseline A`,
    '',
    ...(one ? first!.sentences : others.map(({ letter, headline }) => `- ${letter}: ${headline}`)),
    '',
    ...[baseline, ...others].map(
      ({ letter, path, tensor, checkpoint, words, rowsRead, rows }) =>
        `- ${letter}${letter === 'A' ? ' (baseline)' : ''}: ${named(path, tensor)}; step: ${placeText(checkpoint)}; by itself: ${words}; rows read: ${rowsRead} of ${rows}`,
    ),
    ...others.flatMap((other) => comparedLines(other, one)),
  ];
}

function comparedLines(other: ComparedHealth, alone: boolean): string[] {
  const { letter, headline, sentences, whatToDo, changes, distancesInWords, basis } = other;
  return [
    ...(alone ? [] : ['', `## ${letter}: ${headline}`, ...sentences]),
    ...adviceLines(whatToDo, alone ? '##' : '###'),
    '',
    `${alone ? '##' : '###'} Quantities, A to ${letter}`,
    ...changes.map(
      ({ id, label, unit, baseline, other, change, meaning, formula }) =>
        `- **${label}** (${id}): change ${change === null ? 'not known' : signed(change)} ${unitWords(unit, null)}; A: ${knownText(baseline, '')}, ${letter}: ${knownText(other, '')}. ${meaning} Formula: ${formula}.`,
    ),
    ...distancesInWords.map(({ label, value, meaning }) => `- **${label}**: ${value}. ${meaning}`),
    '',
    ...basis,
  ];
}

function matrixTable(heading: string, worst: readonly MatrixLine[], more: number): string[] {
  if (worst.length === 0) return [];
  const compared = worst.some(({ effectiveRankChange }) => effectiveRankChange !== null);
  const row = (cells: readonly string[], change: string): string => `| ${[...cells, ...(compared ? [change] : [])].join(' | ')} |`;
  return [
    '',
    heading,
    'Effective rank: how many directions the rows really use around their mean, of min(rows, columns) possible.',
    row(['Verdict', 'Tensor', 'Rows x columns', 'Rows read', 'Effective rank (directions)'], 'Change since the baseline'),
    row(['---', '---', '---', '---', '---'], '---'),
    ...worst.map(({ level, tensor, rows, columns, rowsRead, effectiveRank, effectiveRankChange, reason }) => {
      const verdict = level === 'healthy' ? levelWord(level) : `${levelWord(level)}: ${cell(reason)}`;
      const read = `${rowsRead} of ${rows}`;
      return row([verdict, cell(tensor), `${rows} x ${columns}`, read, orNone(effectiveRank)], share(effectiveRankChange));
    }),
    '',
    more === 0 ? 'One of them in full: ask with tensor="NAME".' : `And ${more} more: ask with tensor="NAME" for one of them in full.`,
  ];
}

function adviceLines(advice: readonly string[], hashes = '##'): string[] {
  return advice.length === 0 ? [] : ['', `${hashes} What to do`, ...advice.map((sentence) => `- ${sentence}`)];
}

function placeText(place: CheckpointPlace | null): string {
  return place === null ? STEP_UNKNOWN : `${place.step} (checkpoint ${plainText(place.name)} of the run ${plainText(place.run)})`;
}

function named(path: string, tensor: string | null): string {
  return tensor === null ? plainText(path) : `${plainText(tensor)} of ${plainText(path)}`;
}

/** A name in a table, where a line and its cells must stay what they are. */
function cell(text: string): string {
  return plainText(text).replaceAll('|', '\\|');
}

function orNone(value: number | null): string {
  return value === null ? 'n/a' : decimal(value);
}

function share(value: number | null): string {
  return value === null ? '' : `${signed(Math.round(value * 1000) / 10)} %`;
}

function signed(value: number): string {
  return value > 0 ? `+${decimal(value)}` : decimal(value);
}

/** Five significant digits in plain ASCII, as code reads numbers too. */
function decimal(value: number): string {
  return String(Number(value.toPrecision(5)));
}

function lines(all: readonly string[]): string {
  return all.join('\n');
}
