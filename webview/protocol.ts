import * as v from 'valibot';
import { REPORT_SCHEMA, type SpectralReport } from '../src/analysis/report';
import { reportFromJson } from '../src/analysis/report-json';
import type { GpuCall } from '../src/compute/gpu-calls';
import type { FileSummary } from '../src/engine/protocol';
import { ELEMENT_TYPES } from '../src/words/element-types';
import { exportFile } from './export/files';

/** A report as it travels: as an object, or in the JSON form that also carries NaN and infinities through the editor's own JSON. */
export const report = v.pipe(
  v.custom<SpectralReport>((value) => isObject(value) && value.schema === REPORT_SCHEMA),
  v.transform((value) => (value.spectrum?.eigenvalues instanceof Float64Array ? value : reportFromJson(value))),
);

const file = v.custom<FileSummary>((value) => isObject(value) && typeof value.path === 'string' && Array.isArray(value.tensors));

/** As analysis/verdict has them. */
export const level = v.picklist(['broken', 'collapsed', 'collapsing', 'watch', 'unknown', 'healthy']);

/** How the numbers of a file lie, as a person has said it. */
export const rawLayout = v.object({ dtype: v.picklist(ELEMENT_TYPES), columns: v.pipe(v.number(), v.safeInteger(), v.minValue(1)) });

/** What the host sends to the panel. */
const hostMessage = v.variant('type', [
  /** First of all: the path of the file or folder that the panel is of. */
  v.object({ type: v.literal('subject'), path: v.string() }),
  /** When the file was opened, and again when it changes. `selected` is null when the file holds no matrix; `layout` where a person has said how its numbers lie. */
  v.object({ type: v.literal('file'), file, selected: v.nullable(v.string()), layout: v.optional(rawLayout) }),
  /** `fraction` in [0, 1]; `stage` is a phrase for a person. */
  v.object({ type: v.literal('progress'), tensor: v.string(), fraction: v.number(), stage: v.string() }),
  /** `final` is false while the report is still being refined. */
  v.object({ type: v.literal('report'), tensor: v.string(), report, final: v.boolean() }),
  /** A question of the engine to the GPU of the panel's page. */
  v.object({ type: v.literal('gpu'), id: v.number(), call: v.custom<GpuCall>(isObject) }),
  /** The watched run that the file belongs to, and what has become of it in a sentence; null where there is nothing to say. */
  v.object({ type: v.literal('watched'), run: v.nullable(v.object({ level, sentence: v.string() })) }),
  /** `tensor` is null when the file itself could not be read; `describable` where a person can say how its numbers lie. */
  v.object({
    type: v.literal('failure'),
    tensor: v.nullable(v.string()),
    message: v.string(),
    cancelled: v.boolean(),
    describable: v.optional(v.boolean()),
  }),
]);
export type HostMessage = v.InferOutput<typeof hostMessage>;

/** What the panel sends to the host. A webview is untrusted: `parsePanelMessage` is the only way in. */
const panelMessage = v.variant('type', [
  /** `selected` is the tensor that was on screen before a reload, and `layout` how the numbers of the file lay. */
  v.object({ type: v.literal('ready'), selected: v.nullable(v.string()), layout: v.optional(rawLayout) }),
  /** A person wants to say how the numbers of the file lie. */
  v.object({ type: v.literal('describe') }),
  v.object({ type: v.literal('select'), tensor: v.string() }),
  v.object({ type: v.literal('openRun') }),
  v.object({ type: v.literal('cancel') }),
  v.object({ type: v.literal('retry') }),
  v.object({ type: v.literal('copy'), text: v.string() }),
  v.object({ type: v.literal('save'), file: exportFile }),
  /** What the GPU said, or why it said nothing. */
  v.object({ type: v.literal('gpu'), id: v.number(), answer: v.unknown(), error: v.nullable(v.string()) }),
  /** The report on screen as a page of its own: the host makes it. */
  v.object({ type: v.literal('saveHtml') }),
]);
export type PanelMessage = v.InferOutput<typeof panelMessage>;

/** @returns null when the message is not one the host can send */
export function parseHostMessage(message: unknown): HostMessage | null {
  const parsed = v.safeParse(hostMessage, message);
  return parsed.success ? parsed.output : null;
}

/** @returns null when the message is not one the panel can send */
export function parsePanelMessage(message: unknown): PanelMessage | null {
  const parsed = v.safeParse(panelMessage, message);
  return parsed.success ? parsed.output : null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
