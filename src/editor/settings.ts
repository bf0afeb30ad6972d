import * as v from 'valibot';
import { type AnalysisOptions, DEFAULT_OPTIONS } from '../analysis/report';

const NORMALIZE = { auto: null, always: true, never: false } as const;

/** What each setting may be, in the section `sigma`. A settings file is typed by hand: nothing in it is trusted. */
export const SETTINGS = {
  backend: v.picklist(['auto', 'webgpu', 'cpu']),
  ridge: v.pipe(v.number(), v.finite(), v.gtValue(0)),
  confidence: v.pipe(v.number(), v.gtValue(0), v.ltValue(1)),
  maxRows: v.nullable(v.pipe(v.number(), v.safeInteger(), v.minValue(1))),
  normalize: v.picklist(['auto', 'always', 'never']),
} as const;

/**
 * Settings -> options of an analysis. A value that makes no sense is replaced by the default.
 * @param read the value of a setting of the section `sigma`, undefined when there is none
 * @param rejected told of each setting that was replaced
 */
export function analysisOptions(read: (setting: string) => unknown, rejected: (setting: string, value: unknown) => void): AnalysisOptions {
  const setting = <K extends keyof typeof SETTINGS>(name: K): v.InferOutput<(typeof SETTINGS)[K]> | undefined => {
    const value = read(name);
    if (value === undefined) return undefined;
    const parsed = v.safeParse(SETTINGS[name], value);
    if (parsed.success) return parsed.output;
    rejected(name, value);
    return undefined;
  };
  const rows = setting('maxRows');
  return {
    ...DEFAULT_OPTIONS,
    backend: setting('backend') ?? DEFAULT_OPTIONS.backend,
    ridge: setting('ridge') ?? DEFAULT_OPTIONS.ridge,
    confidence: setting('confidence') ?? DEFAULT_OPTIONS.confidence,
    rows: rows === undefined ? DEFAULT_OPTIONS.rows : rows,
    normalize: NORMALIZE[setting('normalize') ?? 'auto'],
  };
}
