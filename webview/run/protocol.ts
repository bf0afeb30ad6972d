import * as v from 'valibot';
import type { QuantityId } from '../../src/spectral/definitions';

/** What the timeline can show of a set of embeddings. */
export const TIMELINE_QUANTITIES = [
  'effectiveRank',
  'shape',
  'logScale',
  'participationRatio',
  'meanCosine',
  'uCovDrift',
  'evidence',
] as const satisfies readonly (QuantityId | 'uCovDrift' | 'evidence')[];
export type TimelineQuantity = (typeof TIMELINE_QUANTITIES)[number];

const level = v.picklist(['broken', 'collapsed', 'collapsing', 'watch', 'unknown', 'healthy']);
const namedStep = v.object({ name: v.string(), step: v.number() });

/** A value and the narrowest interval around it, where there is one. */
const measure = v.object({ value: v.number(), exact: v.boolean(), interval: v.nullable(v.tuple([v.number(), v.number()])) });
export type Measure = v.InferOutput<typeof measure>;

/** A matrix by its file, and by its tensor where the file holds several; the same at every checkpoint. */
const matrix = v.object({ file: v.string(), tensor: v.nullable(v.string()) });
export type MatrixName = v.InferOutput<typeof matrix>;

const checkpoint = v.object({
  ...namedStep.entries,
  level,
  /** Parallel to `embeddings` of the run; null where the checkpoint has no such matrix. A quantity without a value is left out. */
  embeddings: v.array(v.nullable(v.record(v.picklist(TIMELINE_QUANTITIES), v.optional(measure)))),
  /** Effective ranks, parallel to `layers` of the run; null where there is none. */
  layers: v.array(v.nullable(v.number())),
});
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
  embeddings: v.array(matrix),
  layers: v.array(matrix),
  checkpoints: v.array(checkpoint),
});
export type RunPicture = v.InferOutput<typeof run>;

/** What the host sends to the panel of a run. */
const runHostMessage = v.variant('type', [
  v.object({ type: v.literal('run'), run }),
  /** Nothing is known of the run at `path`; the sentence says why. */
  v.object({ type: v.literal('nothing'), path: v.string(), message: v.string() }),
]);
export type RunHostMessage = v.InferOutput<typeof runHostMessage>;

/** What the panel of a run sends to the host. A webview is untrusted: `parseRunPanelMessage` is the only way in. */
const runPanelMessage = v.variant('type', [
  v.object({ type: v.literal('ready') }),
  /** Names as the picture has them. Without a matrix the host chooses one. */
  v.object({ type: v.literal('open'), checkpoint: v.string(), matrix: v.nullable(matrix) }),
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
  /** The set of embeddings on screen; null for the first. */
  embeddings: v.fallback(v.nullable(matrix), null),
  /** Ids of the details that stand open. */
  open: v.fallback(v.array(v.string()), []),
});
export type RunViewState = v.InferOutput<typeof viewState>;

/** What was saved, member by member, with the initial value where a member is missing or of another type. */
export function restoreRunViewState(saved: unknown): RunViewState {
  return v.parse(viewState, typeof saved === 'object' && saved !== null ? { ...EMPTY, ...saved } : EMPTY);
}

const EMPTY = { run: null, quantity: null, embeddings: null, open: null };
