import * as v from 'valibot';
import type { Comparison } from '../../src/analysis/comparison';
import { comparisonFromJson } from '../../src/analysis/report-json';
import { exportFile } from '../export/files';
import { report } from '../protocol';

/** Sides of a comparison: at least, and at most as many as lines can be told apart. */
export const FEWEST_SIDES = 2;
export const MOST_SIDES = 8;

/** What is compared: a file, by its absolute path as it is, and as a person knows it, on one line. */
const side = v.object({ path: v.pipe(v.string(), v.nonEmpty()), name: v.string() });
export type NamedSide = v.InferOutput<typeof side>;

const sides = v.pipe(v.array(side), v.minLength(FEWEST_SIDES), v.maxLength(MOST_SIDES));
const index = v.pipe(v.number(), v.integer(), v.minValue(0));

/** A comparison of a side with the baseline, in the JSON form that carries NaN and infinities. */
const comparison = v.pipe(
  v.custom<Comparison>((value) => typeof value === 'object' && value !== null && (value as Comparison).schema === 'sigma.compare/1'),
  v.transform((value): Comparison => comparisonFromJson(value)),
);

/** What the host sends to the panel of a comparison. A side goes by its index. */
const compareHostMessage = v.variant('type', [
  /**
   * First of all, and whenever what is compared changes; the first side is the baseline. `matrices` are those that all sides have, by
   * their names on one line; `matrix` is the one that is compared, null where there is none.
   */
  v.object({ type: v.literal('sides'), sides, matrices: v.array(v.string()), matrix: v.nullable(index) }),
  /** `fraction` of everything, in [0, 1]; `stage` is a phrase for a person. */
  v.object({ type: v.literal('progress'), fraction: v.number(), stage: v.string() }),
  v.object({ type: v.literal('report'), side: index, report }),
  v.object({ type: v.literal('comparison'), side: index, comparison }),
  /** Why a side has no report, or cannot be compared with the baseline. */
  v.object({ type: v.literal('trouble'), side: index, message: v.string() }),
  /** Everything that can be compared is. */
  v.object({ type: v.literal('done') }),
  /** Nothing more will come; the sentence says why. */
  v.object({ type: v.literal('failure'), message: v.string(), cancelled: v.boolean() }),
]);
export type CompareHostMessage = v.InferOutput<typeof compareHostMessage>;

/** What the panel of a comparison sends to the host. A webview is untrusted: `parseComparePanelMessage` is the only way in. */
const comparePanelMessage = v.variant('type', [
  v.object({ type: v.literal('ready') }),
  v.object({ type: v.literal('baseline'), side: index }),
  v.object({ type: v.literal('matrix'), matrix: index }),
  v.object({ type: v.literal('cancel') }),
  v.object({ type: v.literal('retry') }),
  v.object({ type: v.literal('copy'), text: v.string() }),
  v.object({ type: v.literal('save'), file: exportFile }),
]);
export type ComparePanelMessage = v.InferOutput<typeof comparePanelMessage>;

/** @returns null when the message is not one the host can send */
export function parseCompareHostMessage(message: unknown): CompareHostMessage | null {
  const parsed = v.safeParse(compareHostMessage, message);
  return parsed.success ? parsed.output : null;
}

/** @returns null when the message is not one the panel can send */
export function parseComparePanelMessage(message: unknown): ComparePanelMessage | null {
  const parsed = v.safeParse(comparePanelMessage, message);
  return parsed.success ? parsed.output : null;
}

/** What a person has set in the panel, kept while it is hidden and across reloads. */
const viewState = v.object({
  /** What is compared, the baseline first; null before it is known. */
  sides: v.fallback(v.nullable(sides), null),
  /** Name of the matrix that is compared; null where all files hold a single one. */
  matrix: v.fallback(v.nullable(v.string()), null),
  /** Paths of the sides whose curves are not drawn. */
  hidden: v.fallback(v.array(v.string()), []),
  /** Whether the spectra's rank axis is logarithmic. */
  logRank: v.fallback(v.boolean(), true),
  /** Ids of the details that stand open. */
  open: v.fallback(v.array(v.string()), []),
});
export type CompareViewState = v.InferOutput<typeof viewState>;

/** What was saved, member by member, with the initial value where a member is missing or of another type. */
export function restoreCompareViewState(saved: unknown): CompareViewState {
  return v.parse(viewState, typeof saved === 'object' && saved !== null ? { ...EMPTY, ...saved } : EMPTY);
}

const EMPTY = { sides: null, matrix: null, hidden: null, logRank: null, open: null };
