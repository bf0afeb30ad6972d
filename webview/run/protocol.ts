import * as v from 'valibot';
import type { QuantityId } from '../../src/spectral/definitions';
import { exportFile } from '../export/files';
import { level } from '../protocol';

/** What timeline and layers can show of a matrix. */
export const TIMELINE_QUANTITIES = [
  'effectiveRank',
  'shape',
  'logScale',
  'participationRatio',
  'stableRank',
  'vendiScore',
  'rankMe',
  'isoScore',
  'meanCosine',
  'uniformity',
  'distinctRowRatio',
  'alphaReq',
  'powerLawAlpha',
  'alphaHat',
  'mpSoftRank',
  'spikes',
  'lambdaMax',
  'uCovDrift',
  'evidence',
] as const satisfies readonly (QuantityId | 'uCovDrift' | 'evidence')[];
export type TimelineQuantity = (typeof TIMELINE_QUANTITIES)[number];

const namedStep = v.object({ name: v.string(), step: v.number() });

/** A value and the narrowest interval around it, where there is one. */
export interface Measure {
  readonly value: number;
  readonly exact: boolean;
  readonly interval: readonly [number, number] | null;
}

/** A measure on its way: a number alone is exact and has no interval, as most are. Null where there is none. */
export type Cell = number | Measure | null;

/** By hand: a long run has a million of them, for which a schema of each takes seconds. */
const cells = v.custom<readonly Cell[]>((value) => Array.isArray(value) && value.every(isCell));

/** The measures of one checkpoint: a row for each matrix of the run, in its order, with a cell for each of {@link TIMELINE_QUANTITIES}. */
const column = v.array(cells);
export type Column = v.InferOutput<typeof column>;

function isCell(cell: unknown): cell is Cell {
  if (cell === null || typeof cell === 'number') return true;
  if (typeof cell !== 'object') return false;
  const { value, exact, interval } = cell as Record<string, unknown>;
  const numbers = interval === null || (Array.isArray(interval) && interval.length === 2 && interval.every(isNumber));
  return isNumber(value) && typeof exact === 'boolean' && numbers;
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}

/** A matrix by its file, and by its tensor where the file holds several; the same at every checkpoint. */
const matrixName = v.object({ file: v.string(), tensor: v.nullable(v.string()) });
export type MatrixName = v.InferOutput<typeof matrixName>;

const matrix = v.object({
  ...matrixName.entries,
  /** Weights of a model; everything else is a set of embeddings. */
  weights: v.boolean(),
  /** By its own report, at the newest checkpoint that has it. */
  level,
  /** Parallel to `checkpoints` of the run. A quantity of which no checkpoint has a value is left out. */
  quantities: v.record(v.picklist(TIMELINE_QUANTITIES), v.optional(cells)),
});
export type RunMatrix = v.InferOutput<typeof matrix>;

const checkpoint = v.object({ ...namedStep.entries, level });
export type RunCheckpoint = v.InferOutput<typeof checkpoint>;

/** What the panel draws of a run. Every text but the path is on one line and holds no marks that turn the writing direction. */
const run = v.object({
  /** Absolute, as it is. */
  path: v.string(),
  name: v.string(),
  recognised: v.string(),
  missing: v.array(v.string()),
  level,
  reasons: v.array(v.object({ code: v.string(), message: v.string() })),
  baseline: v.nullable(v.string()),
  onset: v.nullable(namedStep),
  alarm: v.nullable(namedStep),
  forecast: v.nullable(
    v.object({
      quantity: v.string(),
      threshold: v.number(),
      step: v.number(),
      lower: v.number(),
      upper: v.number(),
      confidence: v.number(),
    }),
  ),
  /** Share of the baseline's effective rank at which a run has collapsed, and the evidence from which it is watched and alarmed. */
  limits: v.object({ rankShare: v.number(), watchEvidence: v.number(), alarmEvidence: v.number() }),
  /** Sets of embeddings, then weights, each in the order in which the checkpoints have them. */
  matrices: v.array(matrix),
  checkpoints: v.array(checkpoint),
});
export type RunPicture = v.InferOutput<typeof run>;

/** What the host sends to the panel of a run. */
const runHostMessage = v.variant('type', [
  /** `status`: sentences on what is under way, or keeps the run from being followed. */
  v.object({ type: v.literal('run'), run, status: v.array(v.string()) }),
  /**
   * A long run, whose matrices come without measures. `places`: for each checkpoint its place in the long run before, of which its column
   * is kept; null where its column follows.
   */
  v.object({ type: v.literal('longRun'), run, places: v.array(v.nullable(v.number())), status: v.array(v.string()) }),
  /** Columns of the long run before, by the places of their checkpoints. With the last it is complete. */
  v.object({ type: v.literal('columns'), columns: v.array(v.object({ place: v.number(), column })), last: v.boolean() }),
  /** Nothing is known of the run at `path`; the sentence says why. */
  v.object({ type: v.literal('nothing'), path: v.string(), message: v.string(), status: v.array(v.string()) }),
]);
export type RunHostMessage = v.InferOutput<typeof runHostMessage>;

/** What the panel of a run sends to the host. A webview is untrusted: `parseRunPanelMessage` is the only way in. */
const runPanelMessage = v.variant('type', [
  v.object({ type: v.literal('ready') }),
  /** Names as the picture has them. Without a matrix the host chooses one. */
  v.object({ type: v.literal('open'), checkpoint: v.string(), matrix: v.nullable(matrixName) }),
  v.object({ type: v.literal('save'), file: exportFile }),
  /** The document that `sigma run --json` prints, which the host has. */
  v.object({ type: v.literal('saveReport') }),
  v.object({ type: v.literal('copy'), text: v.string() }),
]);
export type RunPanelMessage = v.InferOutput<typeof runPanelMessage>;

/** @returns null when the message is not one the host can send */
export function parseRunHostMessage(message: unknown): RunHostMessage | null {
  const parsed = v.safeParse(runHostMessage, message);
  return parsed.success ? parsed.output : null;
}

/** @returns null when the message is not one the panel can send */
export function parseRunPanelMessage(message: unknown): RunPanelMessage | null {
  const parsed = v.safeParse(runPanelMessage, message);
  return parsed.success ? parsed.output : null;
}

/** What a person has set in the panel, kept while it is hidden and across reloads. */
const viewState = v.object({
  /** Path of the run; null before it is known. */
  run: v.fallback(v.nullable(v.string()), null),
  quantity: v.fallback(v.picklist(TIMELINE_QUANTITIES), 'effectiveRank'),
  /** The matrix on the timeline; null for the worst. */
  matrix: v.fallback(v.nullable(matrixName), null),
  /** Words in the names of the matrices that can be chosen. */
  filter: v.fallback(v.string(), ''),
  /** First and last step that the timeline shows; null for the whole run. */
  zoom: v.fallback(
    v.nullable(
      v.pipe(
        v.tuple([v.number(), v.number()]),
        v.check(([from, to]) => from < to),
      ),
    ),
    null,
  ),
  /** The quantity of the layers. */
  layers: v.fallback(v.picklist(TIMELINE_QUANTITIES), 'effectiveRank'),
  /** Ids of the details that stand open. */
  open: v.fallback(v.array(v.string()), []),
});
export type RunViewState = v.InferOutput<typeof viewState>;

/** What was saved, member by member, with the initial value where a member is missing or of another type. */
export function restoreRunViewState(saved: unknown): RunViewState {
  return v.parse(viewState, typeof saved === 'object' && saved !== null ? { ...EMPTY, ...saved } : EMPTY);
}

const EMPTY = { run: null, quantity: null, matrix: null, filter: null, zoom: null, layers: null, open: null };
